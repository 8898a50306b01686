"""The error of featomic's calculators."""


class FeatomicError(ValueError):
    """What a calculator cannot do, or does not understand.

    Parameters
    ----------
    message : str
        What is wrong.
    status : int, optional
        A number for it, which nothing here sets.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
