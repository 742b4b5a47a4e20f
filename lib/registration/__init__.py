"""Registration of building footprints to a geocoded SAR image."""

from lib.registration.register import register_footprints
from lib.registration.review import read_review, registration_review

__all__ = ["read_review", "register_footprints", "registration_review"]
