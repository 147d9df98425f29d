"""python -m evidence.cli"""

from . import main

main()
