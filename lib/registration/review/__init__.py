"""A registration on its way to a person in QGIS, and the person's corrections on their way back."""

from lib.registration.review.files import read_review, registration_review

__all__ = ["read_review", "registration_review"]
