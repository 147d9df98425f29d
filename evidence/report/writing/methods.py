"""The methods as passages: in English those of `evidence.report.pooled.methods`, in Spanish the same, sentence for sentence.

The Spanish cites the same [keys] and says the same numbers (a test compares both over every option).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from evidence.analysis.results import Analysis
from evidence.report.characters import clean
from evidence.report.numbers import known, level
from evidence.report.pooled import methods as english
from evidence.report.writing.language import Language, Passage
from evidence.synthesis.counts.likelihood import PREDICTED_BY_POSTERIOR
from evidence.synthesis.results import Pooled

RANKS: Mapping[str, int] = {
    "model": 0,
    "interval": 1,
    "rows": 1,
    "compared": 2,
    "heterogeneity": 3,
    "prediction": 3,
    "software": 4,
    "single": 5,
    "others": 3,
}
"""What a reader must know first; the rest goes sooner."""


def methods(analysis: Analysis, say: Language) -> Iterator[Passage]:
    """One passage for each thing a methods section tells, in its order."""
    parts = english.parts(analysis) if say.code == "en" else _spanish(analysis)
    for topic, sentences in parts:
        if topic != "model":
            yield from (Passage(RANKS[topic], sentence) for sentence in sentences)
            continue
        main = next((text for text in sentences if _counts(text, analysis.leading)), sentences[0])
        yield from (Passage(RANKS[topic] if text is main else 2, text) for text in sentences)


def _counts(text: str, pooled: Pooled) -> bool:
    """Whether the sentence is the one on what was pooled."""
    return any(f"({pooled.events} {of} {pooled.n} " in text for of in ("of", "de"))


# ---- en español ------------------------------------------------------------------------------------

ESTIMATORS: Mapping[str, str] = {
    "reml": "máxima verosimilitud restringida [viechtbauer2005]",
    "ml": "máxima verosimilitud [hardy1996]",
    "dl": "el método de DerSimonian y Laird [dersimonian1986]",
    "pm": "el método de Paule y Mandel [paule1982]",
    "eb": "el método bayesiano empírico [morris1983]",
    "hs": "el método de Hunter y Schmidt [hunter1990]",
    "he": "el método de Hedges [hedges1985]",
    "sj": "el método de Sidik y Jonkman [sidik2005]",
    "hsk": "el método de Hunter y Schmidt, corregido para muestras pequeñas [brannick2019]",
    "dlit": "el método de DerSimonian y Laird, repetido hasta la convergencia [dersimonian2007]",
    "sjit": "el método de Sidik y Jonkman, repetido hasta la convergencia [sidik2005]",
    "pmm": "el método insesgado en mediana del tipo de Paule y Mandel [viechtbauer2021]",
    "genq": "el método de los momentos para los pesos dados [dersimonian2007]",
}
HKSJ = "el método de Hartung, Knapp, Sidik y Jonkman [hartung2001,sidik2002]"
INTERVALS: Mapping[str, str] = {
    "wald": "con cuantiles normales (Wald)",
    "t": "con la distribución t con {df} grados de libertad",
    "hksj": f"con {HKSJ} con {{df}} grados de libertad y una varianza no menor que la clásica [knapp2003,rover2015]",
    "hksj-plain": f"con {HKSJ} con {{df}} grados de libertad",
    "hksj-ci": f"con {HKSJ}, o con cuantiles normales si estos lo hacían más ancho [wiksten2016,jackson2017]",
    "hksj-iqwig6": (
        f"con {HKSJ} con {{df}} grados de libertad, y la varianza clásica si el intervalo de DerSimonian y Laird era más "
        "ancho [iqwig2020]"
    ),
    "kenward-roger": "con el método de Kenward y Roger [kenward1997,partlett2017] con {df} grados de libertad",
    "ivhet": "con cuantiles normales y una varianza que admite heterogeneidad (IVhet) [doi2015]",
    "profile": "con la verosimilitud perfil [hardy1996]",
    "corrected": (
        "con la verosimilitud perfil [hardy1996], cortada donde una muestra normal de otros tantos estudios tiene su "
        "intervalo t"
    ),
}
PREDICTIONS: Mapping[str, str] = {
    "t": "con la distribución t con {one} grados de libertad [veroniki2019]",
    "hts": "con la distribución t con {two} grados de libertad [higgins2009]",
    "hksj": "con el error estándar de Hartung y Knapp y {one} grados de libertad [partlett2017]",
    "hksj-hts": "con el error estándar de Hartung y Knapp y {two} grados de libertad [partlett2017]",
    "kenward-roger": "con el error estándar y los grados de libertad de Kenward y Roger [partlett2017]",
    "kenward-roger-hts": "con el error estándar de Kenward y Roger y uno menos de sus grados de libertad [partlett2017]",
    "wald": "con cuantiles normales",
    "posterior": (
        "con la distribución posterior del mismo modelo con Beta(1/2, 1/2) sobre la proporción mediana y seminormal(1,5) "
        "sobre la desviación estándar de los logits, porque una estimación nula de la varianza entre estudios hace "
        "demasiado cortos los intervalos de verosimilitud"
    ),
    "bootstrap": "con bootstrap paramétrico, a la manera de Nagashima et al. [nagashima2019]",
}
TAU2_INTERVALS: Mapping[str, str] = {
    "q-profile": "por el método Q-profile [viechtbauer2007]",
    "profile": "por verosimilitud perfil [hardy1996]",
    "jackson": "por la Q generalizada de Jackson [jackson2013]",
    "biggerstaff-jackson": "a partir de la distribución exacta de la Q de Cochran [biggerstaff2008]",
}
STUDY_INTERVALS: Mapping[str, str] = {
    "exact": "intervalos exactos (Clopper-Pearson) [clopper1934]",
    "wilson": "intervalos de Wilson [wilson1927]",
    "agresti-coull": "intervalos de Agresti y Coull [agresti1998]",
    "jeffreys": "intervalos de Jeffreys [brown2001]",
    "mid-p": "intervalos mid-P [lancaster1961]",
}
SCALES: Mapping[str, str] = {
    "logit": "logit",
    "arcsine": "del arcoseno de la raíz cuadrada",
    "double-arcsine": "del doble arcoseno de Freeman y Tukey [freeman1950]",
    "log": "logarítmica",
    "raw": "sin transformar",
}
MODELS: Mapping[str, str] = {
    "exact": "exacto",
    "common": "de efecto común",
    "random": "de efectos aleatorios",
    "binomial": "binomial-normal",
    "beta-binomial": "beta-binomial",
    "bayes": "bayesiano",
}
TESTS: Mapping[str, str] = {
    "fisher": "la prueba exacta de Fisher",
    "boschloo": "la prueba exacta de Boschloo",
    "barnard": "la prueba exacta de Barnard",
}
PRIORS: tuple[tuple[str, str], ...] = (
    (" prior on the median proportion", " sobre la proporción mediana"),
    ("uniform sobre", "uniforme sobre"),
    ("half-normal(", "seminormal("),
    ("half-Cauchy(", "semi-Cauchy("),
    ("exponential(", "exponencial("),
    ("uniform(", "uniforme("),
    (" on tau", " sobre tau"),
)


def _decimal(text: str) -> str:
    """A number with its decimal comma."""
    return re.sub(r"(?<=\d)\.(?=\d)", ",", text)


def _of(number: int, one: str, several: str) -> str:
    return f"{number} {one if number == 1 else several}"


def _spanish(analysis: Analysis) -> Iterator[tuple[str, tuple[str, ...]]]:
    pooled = analysis.leading
    yield "rows", tuple(_rows(analysis))
    yield (
        "single",
        (f"Las proporciones de cada serie se acompañan de {STUDY_INTERVALS[pooled.interval]}.",),
    )
    yield "model", tuple(_model(pooled, analysis))
    yield "interval", tuple(_interval(pooled))
    yield "heterogeneity", tuple(_heterogeneity(pooled))
    yield "prediction", tuple(_prediction(pooled, analysis.options.get("prediction")))
    yield "others", tuple(_others(analysis))
    yield "compared", tuple(_compared(analysis))
    yield (
        "software",
        (
            (
                f"Todos los intervalos son del {_decimal(level(pooled.level))} %. El análisis se hizo con evidence "
                f"{analysis.version} (Python), cuyos modelos de verosimilitud y de varianza inversa están comprobados con "
                "metafor [viechtbauer2010] y meta, de R; el código de este análisis en R se obtiene con la opción --show-r."
            ),
        ),
    )


def _rows(analysis: Analysis) -> Iterator[str]:
    if not analysis.review:
        return
    named = f" (análisis «{clean(analysis.analysis)}»)" if analysis.analysis else ""
    condition = analysis.options.get("where")
    kept = f", de las filas con {clean(str(condition))}" if condition else ""
    label, definition = clean(analysis.outcome_label), clean(analysis.definition)
    means = f" ({definition})" if definition else ""
    out = len(analysis.excluded)
    left = (
        "1 artículo que se dejó fuera figura con su motivo"
        if out == 1
        else f"los {out} artículos que se dejaron fuera figuran con sus motivos"
    )
    yield (
        f"El desenlace fue {label}{means}. Se combinó una fila por cohorte{named}{kept}, de modo que ningún paciente "
        f"cuenta dos veces; {left} junto al resultado."
    )


def _model(pooled: Pooled, analysis: Analysis) -> Iterator[str]:
    k, counts = pooled.k, f"{pooled.events} de {pooled.n} pacientes"
    if k == 1 and pooled.model == "exact":
        yield f"Había un solo estudio ({counts}), de modo que no se combinó nada."
        return
    if pooled.model == "exact":
        yield (
            f"Se sumaron los recuentos de los {k} estudios ({counts}), con un intervalo exacto (Clopper-Pearson) de la suma."
        )
        return
    if pooled.model in ("common", "random"):
        yield from _inverse_variance(pooled, analysis)
        return
    if pooled.model == "beta-binomial":
        yield (
            f"Los {k} estudios ({counts}) se combinaron con un modelo beta-binomial ajustado por máxima verosimilitud "
            "[griffiths1973]; la estimación es la proporción media de los estudios."
        )
        return
    if pooled.model == "binomial":
        yield (
            f"Los {k} estudios ({counts}) se combinaron con un modelo binomial-normal, una regresión logística con un "
            "intercepto aleatorio para cada estudio, ajustada por máxima verosimilitud con cuadratura de Gauss-Hermite "
            "[stijnen2010]; no se añade ninguna corrección a los recuentos del 0 o del 100 %. La estimación es la "
            "proporción del estudio mediano, junto a la media de los estudios."
        )
        return
    edge = pooled.events in (0, pooled.n)
    yield from _why_bayes(pooled, everyone=edge)
    prior = _decimal(clean(str(pooled.method)).partition("; ")[2].partition(";")[0])
    for word, spanish in PRIORS:
        prior = prior.replace(word, spanish)
    yield (
        f"Los {k} estudios ({counts}) se combinaron con un modelo bayesiano binomial-normal [rover2021] con "
        f"distribuciones previas ({prior}), calculado por integración numérica; se dan medianas posteriores con intervalos "
        "de credibilidad de colas iguales, para el estudio mediano y para la media de los estudios, junto al intervalo "
        "exacto de la suma de los recuentos [clopper1934]."
    )
    if edge:
        yield (
            "Cuánto depende ese intervalo de su distribución previa se muestra con otras y, sin ninguna, con el límite "
            "exacto de la media de los estudios para desviaciones estándar dadas de los logits de los estudios."
        )


def _why_bayes(pooled: Pooled, *, everyone: bool) -> Iterator[str]:
    if everyone:
        whom = (
            "Todos los pacientes de todos los estudios presentaron el desenlace"
            if pooled.events
            else "Ningún paciente de ningún estudio presentó el desenlace"
        )
        yield (
            f"{whom}, de modo que ninguna verosimilitud tiene un máximo finito y la heterogeneidad no se puede estimar: no "
            "se usó ni un modelo logit-normal ni la varianza inversa con sus correcciones."
        )
    elif pooled.requested == "auto" and pooled.k < 5:
        yield (
            "Como establece el programa para menos de cinco estudios "
            f"(aquí {pooled.k}), no se usó ningún intervalo de verosimilitud."
        )
    elif pooled.requested != "bayes":
        yield "La verosimilitud del modelo binomial-normal no tiene un máximo finito con estos recuentos."


def _inverse_variance(pooled: Pooled, analysis: Analysis) -> Iterator[str]:
    weights = str(analysis.options.get("weights", "model"))
    weighing = {"model": "pesos por varianza inversa", "equal": "pesos iguales"}.get(
        weights, f"pesos de la columna {clean(weights)}"
    )
    tau2 = ""
    if pooled.tau2_estimator:
        tau2 = f"; la varianza entre estudios se estimó por {ESTIMATORS[pooled.tau2_estimator]}"
    yield (
        f"Los {pooled.k} estudios ({pooled.events} de {pooled.n} pacientes) se combinaron con un modelo "
        f"{MODELS[pooled.model]} con {weighing} en la escala {SCALES[str(pooled.measure)]}{tau2}."
    )
    edge = int(((pooled.study_events == 0) | (pooled.study_events == pooled.study_n)).sum())
    if edge and pooled.measure in ("logit", "log", "raw"):
        yield (
            f"En {_of(edge, 'estudio', 'estudios')} sin ningún evento o sin ningún paciente libre de él se sumó 0,5 a ambos "
            "recuentos."
        )
    if pooled.measure == "double-arcsine":
        yield "Los resultados se transformaron a la inversa con la media armónica de los tamaños muestrales [miller1978]."


def _interval(pooled: Pooled) -> Iterator[str]:
    if pooled.ci is None:
        return
    df = _decimal(f"{pooled.df:.4g}") if known(pooled.df) else ""
    yield f"El intervalo de la proporción combinada se calculó {INTERVALS[pooled.ci].format(df=df)}."


def _heterogeneity(pooled: Pooled) -> Iterator[str]:
    found = pooled.heterogeneity
    if found is None:
        return
    parts = []
    if known(found.tau2_low) and found.tau2_ci:
        parts.append(f"la varianza entre estudios con su intervalo {TAU2_INTERVALS[found.tau2_ci]}")
    if known(found.overdispersion):
        parts.append("la sobredispersión con su intervalo de verosimilitud perfil")
    if known(found.i2):
        how = (
            "a partir de esa varianza y de una varianza muestral típica"
            if found.i2_kind == "tau2"
            else "a partir de la Q de Cochran"
        )
        parts.append(f"la I² {how} [higgins2002]")
    tests = [
        "la Q de Cochran [cochran1954]"
        if found.q_lrt is None
        else "las pruebas de Wald y de razón de verosimilitudes de una única proporción"
    ]
    if known(found.lrt_pvalue):
        none = "sobredispersión" if known(found.overdispersion) else "varianza entre estudios"
        tests.append(
            f"la prueba de razón de verosimilitudes de ausencia de {none}, dividida por dos en su frontera"
        )
    described = " y ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
    yield f"La heterogeneidad se describe con {described} y se contrasta con {' y '.join(tests)}."


def _prediction(pooled: Pooled, asked: str | None) -> Iterator[str]:
    if pooled.prediction is None:
        if asked != "none" and pooled.k > 1 and pooled.model not in ("exact", "common"):
            yield "No se da intervalo de predicción: los datos no lo permiten."
        return
    if pooled.model == "bayes":
        yield "El intervalo de predicción para otro estudio es el de la distribución posterior."
    elif pooled.model == "beta-binomial":
        yield (
            "El intervalo de predicción para otro estudio es el de la distribución beta ajustada, con una media incierta "
            f"según la t con {pooled.k - 1} grados de libertad."
        )
    else:
        usual = "posterior" if pooled.model == "binomial" and pooled.k <= PREDICTED_BY_POSTERIOR else "t"
        how = PREDICTIONS[asked or usual].format(one=pooled.k - 1, two=pooled.k - 2)
        yield f"El intervalo de predicción para otro estudio se calculó {how}."


def _others(analysis: Analysis) -> Iterator[str]:
    whole = analysis.leading.model
    other = {
        pool.pool: pool.source.model
        for pool in analysis.pooled[1:]
        if pool.source.k > 1 and pool.source.model != whole
    }
    if other:
        named = "; ".join(f"{_part(name)}, con el modelo {MODELS[model]}" for name, model in other.items())
        yield f"Algunas partes se combinaron de otro modo, por los mismos motivos: {named}."


def _part(name: str) -> str:
    return "las otras series" if name == "others" else clean(name)


def _compared(analysis: Analysis) -> Iterator[str]:
    if not analysis.comparisons:
        return
    comparison = analysis.comparisons[0].comparison
    interval = (
        "el intervalo de Newcombe [newcombe1998]"
        if comparison.difference_method == "newcombe"
        else "un intervalo"
    )
    name, _, basis = (comparison.test or "").partition(", ")
    test = f" y {TESTS.get(name, name)}{', sobre la suma de los recuentos' if basis else ''}" if name else ""
    naive = all(contrast.kind in ("naive", "") for contrast in analysis.comparisons)
    unadjusted = "; estas comparaciones no son aleatorizadas ni están ajustadas" if naive else ""
    yield f"Dos proporciones se comparan por su diferencia con {interval}{test}{unadjusted}."
