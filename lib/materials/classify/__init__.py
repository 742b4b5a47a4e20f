"""Classify materials in photographs of facades and in views of roofs."""

from lib.materials.classify.classifier import MaterialClassifier, load_classifier
from lib.materials.classify.models import MODELS, Architecture, build_model
from lib.materials.classify.recipe import ClassifierRecipe
from lib.materials.classify.training import fit_classifier

__all__ = [
    "MODELS", "Architecture", "ClassifierRecipe", "MaterialClassifier", "build_model", "fit_classifier", "load_classifier",
]  # fmt: skip
