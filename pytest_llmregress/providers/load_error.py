"""The error of a provider that an installed package offers, and that cannot be used."""


class ProviderLoadError(Exception):
    """Why an installed provider cannot be used, in words for the user."""
