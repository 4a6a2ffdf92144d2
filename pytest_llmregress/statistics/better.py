"""The probability that the candidate is better: a number for readers, not for a gate."""

from pytest_llmregress.statistics.argument_checks import check_counts
from pytest_llmregress.statistics.exact_tests import Alternative, fisher


def probability_better(a: int, n1: int, b: int, n2: int) -> float:
    """Return the probability that the candidate's pass rate is the higher one; from 0 to 1.

    It is a posterior probability, each rate with the uniform prior Beta(1, 1), and 0.5 where
    there are no samples. Source: Altham 1969. Beta(a+1, n1-a+1) is the (a+1)-th smallest of n1+1
    uniform numbers, so the question is how many of the a+b+1 smallest of both sides are the
    baseline's, which is a tail of Fisher's test. Raise ValueError unless 0 <= a <= n1 and
    0 <= b <= n2.
    """
    check_counts(a, n1, b, n2)
    return fisher(a + 1, n1 + 1, b, n2 + 1, Alternative.WORSE)
