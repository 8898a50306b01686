"""Sphinx: ``nox -s docs``, or ``sphinx-build -W docs docs/_build/html``."""

from importlib.metadata import version as installed

project = "isoprint"
author = "The isoprint developers"
project_copyright = "The isoprint developers"
release = version = installed("isoprint")

extensions = ["myst_parser", "numpydoc", "sphinx.ext.autodoc", "sphinx.ext.mathjax"]
myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"isoprint {release}"

autodoc_member_order = "bysource"
autodoc_typehints = "none"
# Members are listed where their class is documented, not on stub pages of their own.
numpydoc_show_class_members = False
numpydoc_xref_param_type = False
