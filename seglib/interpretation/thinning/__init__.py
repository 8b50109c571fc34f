"""Count splitting (thinning): an honest test of the features that built the segments.

Every coupon goes to one of two halves at random. Segments are made from the first half; the second half, which had no
part in them, is tested for differences between segments. Start with `thinning_tests`. ``splits`` divides the coupons,
``ratio_tests`` compares ratios of sums, ``inference`` repeats both and combines the p-values.
"""
