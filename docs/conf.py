"""The documentation site. `make docs` builds it into build/docs; it needs no network, then or when it is read."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

import evidence

project = "evidence"
author = "The evidence authors"
project_copyright = author
version = release = evidence.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_click", "building"]
exclude_patterns = ["_ext"]
smartquotes = False  # -- is an option's, and output is shown as it is printed
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4

# `name` in a docstring or a help text: code, and a link where it is a name of the library.
default_role = "py:obj"
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
python_maximum_signature_line_length = 80
add_module_names = False
toc_object_entries = False  # thousands of fields, copied for every page

html_theme = "furo"
html_title = f"evidence {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
