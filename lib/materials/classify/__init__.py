"""Classify materials in photographs of facades and in views of roofs."""

from lib.materials.classify.models import MODELS, Architecture, build_model

__all__ = ["MODELS", "Architecture", "build_model"]
