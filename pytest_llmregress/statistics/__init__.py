"""What samples can prove: exact tests, intervals and sample sizes, of the standard library alone.

Wherever two sides are compared, `a` of `n1` samples passed in the baseline and `b` of `n2` in the
candidate. Rates, differences and p-values are shares from 0 to 1, not percent.
"""
