"""What each segment looks like beside all customers.

`profile` compares numbers, `compare_names` the levels of names (gender, city), `coupon_usage` counts what was done with
coupons, `exemplars` finds a real customer for each segment, and `descriptor_tests` tests what did not build the
segments. In go the features of the customers and their segments; out come results with a table, a text and a figure.
"""
