"""The document's own words in English and Spanish; all others are the page's."""

from __future__ import annotations

from collections.abc import Mapping

ENGLISH: Mapping[str, str] = {
    "table": "Table",
    "figure": "Figure",
    "page": "Page",
    "of": "of",
    "untitled": "Untitled",
    "others": "What other models say",
    "signs": "Squares: series. Diamonds: pools. Bar: prediction for another series.",
    "said_forest": "Forest plot: the proportion of each series, of the pools and of what they are compared with, with "
    "intervals. The table below holds all of its numbers.",
    "said_prisma": "PRISMA 2020 flow diagram: how many records and reports there were at each step. The list above holds "
    "its numbers.",
    "flow": "Flow of reports",
    "no_figure": "The forest as a figure: evidence forest --output forest.png, with the options of the commands at the end. "
    "It is drawn with matplotlib (pip install 'evidence-pool[plot]').",
    "same": "Lines that say what the first model's say are not repeated.",
    "alike": "Its numbers are those of the first model.",
}

SPANISH: Mapping[str, str] = {
    "table": "Tabla",
    "figure": "Figura",
    "page": "Página",
    "of": "de",
    "untitled": "Sin título",
    "others": "Qué dicen otros modelos",
    "signs": "Cuadrados: series. Rombos: conjuntos. Barra: predicción para otra serie. La figura está en inglés.",
    "said_forest": "Forest plot: la proporción de cada serie, de los conjuntos y de aquello con lo que se comparan, "
    "con intervalos. La tabla siguiente contiene todos sus números.",
    "said_prisma": "Diagrama de flujo PRISMA 2020: cuántos registros y artículos había en cada paso. La lista anterior contiene "
    "sus números.",
    "flow": "Flujo de artículos",
    "no_figure": "El forest plot como figura: evidence forest --output forest.png, con las opciones de las órdenes del final. "
    "Se dibuja con matplotlib (pip install 'evidence-pool[plot]').",
    "same": "Las filas que dicen lo mismo que las del primer modelo no se repiten.",
    "alike": "Sus números son los del primer modelo.",
}

TEXTS: Mapping[str, Mapping[str, str]] = {"en": ENGLISH, "es": SPANISH}

LOCALES: Mapping[str, str] = {"en": "en-GB", "es": "es-ES"}
"""Languages as Word's spelling and voices know them."""
