"""Images as files have them: PNG, TIFF, HDF5 and Zarr, whole or in slices, brought to one range, and made small."""
