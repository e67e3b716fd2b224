"""A small network on the 1,797 handwritten digits that scikit-learn brings along."""

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier


def main(config, seed):
    """Train once; say of every image of val and test whether it was named rightly, and how surely."""
    x, y = load_digits(return_X_y=True)
    x, x_test, y, y_test = train_test_split(x / 16, y, test_size=400, random_state=0, stratify=y)
    x, x_val, y, y_val = train_test_split(x, y, test_size=400, random_state=0, stratify=y)
    model = MLPClassifier(config["units"], learning_rate_init=config["lr"], max_iter=30, random_state=seed).fit(x, y)
    answer = {}
    for split, images, truths in (("val", x_val, y_val), ("test", x_test, y_test)):
        guesses = list(zip(model.predict_proba(images), truths, strict=True))
        answer[split] = {
            "accuracy": {f"image {i}": guess.argmax() == truth for i, (guess, truth) in enumerate(guesses)},
            "surety": {f"image {i}": guess[truth] for i, (guess, truth) in enumerate(guesses)},
        }
    return answer
