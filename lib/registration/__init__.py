"""Registration of building footprints to a geocoded SAR image."""

from lib.registration.register import register_footprints

__all__ = ["register_footprints"]
