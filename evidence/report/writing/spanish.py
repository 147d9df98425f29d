"""Las frases en español: coma decimal, «IC del 95 %», pasado y tercera persona.

What a review states in its own words (labels, definitions, notices) stays as it is written there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from evidence.analysis.results import NO_TIME, Result, StudyRow
from evidence.report import numbers
from evidence.report.characters import clean
from evidence.report.verbs import BY_DIRECTION, RESPONDED, did
from evidence.report.writing.language import Beside, Language
from evidence.review.arms import is_control
from evidence.review.schema import LAST_VISIT
from evidence.synthesis import notes
from evidence.synthesis.results import Pooled

NUMBERS = ("ninguno", "un", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve")
MODELS = {
    "common": "un modelo de efecto común",
    "random": "un modelo de efectos aleatorios",
    "binomial": "un modelo binomial-normal",
    "beta-binomial": "un modelo beta-binomial",
    "bayes": "un modelo bayesiano binomial-normal",
}
OF = {
    "common": "la proporción fue del",
    "random": "la proporción en la serie típica fue del",
    "binomial": "la proporción en la serie típica fue del",
    "beta-binomial": "la proporción media de las series fue del",
    "bayes": "la proporción media de las series fue del",
}
FIELDS = {
    "definition": "la definición del desenlace",
    "scale": "la escala",
    "threshold": "el umbral",
    "time": "el momento de la evaluación",
    "population": "la población",
    "subgroup": "el subgrupo",
    "design": "el diseño",
    "missing data": "el tratamiento de los datos ausentes",
}
TESTS = {
    "fisher": "prueba exacta de Fisher",
    "boschloo": "prueba de Boschloo",
    "barnard": "prueba de Barnard",
}
ADVERBS = {"certainly": "con certeza", "probably": "probablemente", "possibly": "posiblemente"}
VERBS = {
    RESPONDED: ("respondieron", "respondió"),
    BY_DIRECTION["lower"]: ("presentaron el evento", "presentó el evento"),
}
HAD_IT = ("presentaron el desenlace", "presentó el desenlace")

NOTES: Mapping[str, str] = {
    re.escape(notes.TWO_STUDIES): (
        "Dos series apenas dicen nada de cuánto difieren las series; un intervalo a partir de dos descansa más en el "
        "modelo que en los datos."
    ),
    re.escape(notes.NARROWER_PREDICTION): (
        "El intervalo de predicción es más estrecho que el del conjunto: su error estándar es el habitual, sin lo que el "
        "intervalo del conjunto añade cuando hay pocas series. Otra serie no es más segura que la media: deben tomarse los "
        "límites más amplios."
    ),
    re.escape(notes.LESS_THAN_ONE_DEGREE): (
        "La aproximación de Kenward y Roger deja menos de un grado de libertad: su intervalo no dice nada de estas series."
    ),
    re.escape(notes.NOT_IDENTIFIED): (
        "Cada serie tiene un solo paciente, de modo que los recuentos no distinguen las diferencias entre series del "
        "azar: no se estima cuánto difieren."
    ),
    re.escape(notes.SEPARATED): (
        "En cada serie, o todos los pacientes presentaron el desenlace o ninguno. La verosimilitud no tiene entonces "
        "máximo, y ni la media ni la heterogeneidad tienen una estimación finita."
    ),
    re.escape(notes.ALL_CORRECTED): (
        "Esta estimación la produce el 0,5 sumado a cada serie, no los datos; también su intervalo, la tau², la I² y la "
        "predicción. Debe usarse el modelo exacto o el bayesiano."
    ),
    r"(\d+) of (\d+) studies have no event(?: or no non-event)?; inverse variance adds 0\.5 .*": (
        "En {0} de {1} series no hubo ningún evento, o ningún paciente sin él; la varianza inversa suma 0,5 a sus "
        "recuentos y sus intervalos son demasiado estrechos cerca del 0 y del 100 %. El modelo binomial no necesita esa "
        "corrección."
    ),
    r"Some studies have no event or no non-event; ([\w-]+) needs no correction, .*": (
        "En algunas series no hubo ningún evento, o ningún paciente sin él; la escala {0} no necesita corrección, pero allí "
        "sus intervalos son aproximados."
    ),
    r"The studies differ so much \(tau = ([\d.]+) on the logit scale\).*": (
        "Las series difieren tanto (tau = {0} en la escala logit) que su media no describe ninguna; deben mirarse una a una."
    ),
    r"The studies differ so much \(overdispersion ([\d.]+) of at most 1\).*": (
        "Las series difieren tanto (sobredispersión de {0}, de un máximo de 1) que la mayoría está cerca del 0 o del "
        "100 % y su media no describe ninguna; deben mirarse una a una."
    ),
    r"The double-arcsine back-transform depends on which n stands for all studies, and here that matters: "
    r"([\d.]+) % at their harmonic mean, ([\d.]+) % to ([\d.]+) % at other plausible n .*": (
        "La transformación inversa del doble arcoseno depende de qué n represente a todas las series, y aquí importa: "
        "{0} % con su media armónica, de {1} % a {2} % con otras n plausibles. No debe publicarse (Schwarzer et al. "
        "2019); úsese el modelo binomial."
    ),
    r"The double-arcsine back-transform says exactly 0 or 1 although there were (\d+) events: .*": (
        "La transformación inversa del doble arcoseno da exactamente 0 o 1 aunque hubo {0} eventos: no es utilizable con "
        "estos tamaños (Schwarzer et al. 2019). Úsese el modelo binomial."
    ),
    r"(\d+) of (\d+) pooled counts not yet checked against the paper: (.*)\.": (
        "De los {1} recuentos combinados, {0} aún no se habían comprobado en el artículo: {2}."
    ),
    r"The studies' estimates are identical, so the [\w-]+ interval has no width: .*": (
        "Las estimaciones de las series son idénticas, de modo que el intervalo no tiene anchura y subestima la "
        "incertidumbre."
    ),
}
"""A note of the engine -> the same in Spanish, its numbers at {0}, {1}."""
HETEROGENEOUS = {
    "tau2": "la tau² fue de {}",
    "overdispersion": "la sobredispersión fue de {}",
    "i2": "la I² del {} %",
    "q": "la Q de Cochran de {} con {} grados de libertad",
    "": "Entre series, {}.",
}


class Spanish(Language):
    """Frases en español."""

    code = "es"
    heterogeneous = HETEROGENEOUS
    to = "a"
    present = "la presente serie"

    def figure(self, text: str) -> str:
        return re.sub(r"(?<=\d)\.(?=\d)", ",", text)

    def level(self, level: float, kind: str = "ci") -> str:
        shown = self.figure(numbers.level(level))
        name = {"credible": "intervalo de credibilidad", "exact": "IC exacto"}.get(kind, "IC")
        return f"{name} del {shown} %:"

    def count(self, number: int, *, feminine: bool = False) -> str:
        if number == 1:
            return "una" if feminine else "un"
        return NUMBERS[number] if 0 <= number < len(NUMBERS) else str(number)

    def listed(self, items: Sequence[str]) -> str:
        if len(items) < 2:
            return "".join(items)
        last = items[-1]
        # "y" turns to "e" before the sound of i: "Ruiz e Ibáñez", but "agua y hielo"
        joint = "e" if re.match(r"(?i)h?[ií](?![aeoáéó])", last) else "y"
        return f"{', '.join(items[:-1])} {joint} {last}"

    # ---- names -------------------------------------------------------------------------------------

    def arm(self, row: StudyRow) -> str:
        label = _label(row)
        part = f", {clean(row.subgroup)}" if row.subgroup else ""
        return f"el brazo {clean(row.arm)} de {label}{part}" if is_control(row.arm) else label + part

    def time(self, when: str) -> str:
        said = clean(when)
        if said in ("", NO_TIME):
            return ""
        single = re.fullmatch(r"week ([\d.]+)", said)
        if single:
            return f"en la semana {self.figure(single[1])}"
        window = re.fullmatch(r"weeks ([\d.]+) to ([\d.]+)", said)
        if window:
            return f"en las semanas {self.figure(window[1])} a {self.figure(window[2])}"
        if said.startswith(LAST_VISIT):
            return f"en la última visita{_visit(said.removeprefix(LAST_VISIT))}"
        return f"en «{said}»"

    def differing(self, what: str) -> str:
        return FIELDS.get(what, what)

    # ---- results -----------------------------------------------------------------------------------

    def one_side(
        self, result: Result, who: str, outcome: str, events: int, n: int, when: str, share: str, ci: str
    ) -> str:
        many, one = _verbs(result)
        of = _of(who)
        if n == 1:
            subject = f"el único paciente {of} {'' if events else 'no '}{one}"
        elif events == n:
            subject = f"los {n} pacientes {of} {many}"
        elif events == 0:
            subject = f"ninguno de los {n} pacientes {of} {one}"
        else:
            subject = f"{events} de los {n} pacientes {of} {one if events == 1 else many}"
        lead = f"Para {outcome}, " if outcome else ""
        figures = f"{share} %; {ci}" if share else ci
        return f"{_upper(lead + subject)}{_space(when)} ({figures}).".replace(") (", "; ")

    def beside(self, result: Result, rows: Sequence[Beside], kind: str, *, short: bool = False) -> str:
        parts = []
        for place, row in enumerate(rows):
            first = place == 0 or row.name != rows[place - 1].name
            verb = " lo hicieron" if did(result) == RESPONDED else " lo presentaron"
            where = f"en {row.name}" if first else ""
            said = verb if place == 0 and not short else "," if where else ""
            counts = f"{where}{said} {row.events} de {row.n}{_space(row.when)}{row.cite}"
            zero = (", incluido el 0" if short else ", que incluye el 0") if row.holds_zero else ""
            unit = "puntos porcentuales" if not short else "puntos"
            ci = row.ci if place == 0 else row.ci.partition(" %: ")[2] or row.ci
            gap = (
                f"diferencia {'' if short else 'de '}{row.gap} {unit}"
                if place == 0
                else row.gap
                if short
                else f"diferencia de {row.gap}"
            )
            test = f"; {TESTS.get(row.test, row.test)}, {row.p}" if row.p and not short else ""
            share = "" if short else f"{row.share} %; "
            parts.append(f"{counts.strip()} ({share}{gap}, {ci}{zero}{test})")
        joined = " y ".join(parts) if len(parts) < 3 else "; ".join(parts)
        if short and kind not in ("", "randomised"):
            return f"{_upper(joined)}; no aleatorizados."
        return f"{_upper(joined)}. {self.bearing(kind)}"

    def bearing(self, kind: str) -> str:
        return {
            "randomised": "Los pacientes se asignaron al azar entre ambos.",
            "": (
                "Los recuentos no dicen cómo se formaron los grupos: salvo que los pacientes se asignaran al azar entre "
                "ellos, solo se tiene en cuenta el azar."
            ),
        }.get(kind, "Los pacientes no se asignaron al azar entre los grupos.")

    def alone(self, name: str) -> str:
        return f"No se ofrece ninguna comparación, porque el recuento {_of(name)} aún no se había comprobado en su artículo."

    def unchecked_lead(self, name: str) -> str:
        return f"El recuento {_of(name)} aún no se había comprobado en su fuente y se omite."

    def pool(
        self, result: Result, pooled: Pooled, outcome: str, others: bool, counts: str, model: str
    ) -> str:
        many, one = _verbs(result)
        events, n, k = int(pooled.events), int(pooled.n), pooled.k
        if k == 1:
            series = "en la única otra serie" if others else "en la única serie"
        else:
            series = f"en las otras {k} series en conjunto" if others else f"en las {k} series en conjunto"
        if n == 1:
            who = f"el único paciente {'' if events else 'no '}{one}"
        elif events == n:
            who = f"los {n} pacientes {many}"
        elif events == 0:
            who = f"ninguno de los {n} pacientes {one}"
        else:
            who = f"{events} de {n} pacientes {one if events == 1 else many}"
        lead = f"Para {outcome}, " if outcome else ""
        return f"{_upper(lead + series)}, {who} ({counts}){model}."

    def counted(self, share: str, ci: str) -> str:
        return f"{share} %; {ci}"

    def modelled(self, pooled: Pooled, share: str, ci: str) -> str:
        return f"; según {MODELS[pooled.model]}, {OF[pooled.model]} {share} % ({ci})"

    def prediction(self, level: float, low: str, high: str) -> str:
        shown = self.figure(numbers.level(level))
        return f"El intervalo de predicción del {shown} % para otra serie fue de {low} a {high} %."

    def assumption(self, model: str) -> str:
        return {
            "common": "Este modelo supone que una misma proporción vale para todas las series.",
            "exact": "Este intervalo se refiere a estas series en conjunto, no a otra.",
        }.get(model, "")

    def all_or_none(self, result: Result, *, everyone: bool, bayes: bool) -> str:
        many, one = _verbs(result)
        who = (
            f"todos los pacientes de todas las series {many}"
            if everyone
            else f"ningún paciente de ninguna serie {one}"
        )
        text = f"Como {who}, no se pudo estimar cuánto difieren las series"
        return text + (", y los límites del modelo dependen de su distribución previa." if bayes else ".")

    def unverified(self, some: int, total: int, names: Sequence[str]) -> str:
        which = f" ({self.listed(names)})" if names else ""
        if total == 1:
            return f"El único recuento{which} aún no se había comprobado en el artículo."
        verb = "no se habían comprobado" if some > 1 else "no se había comprobado"
        return f"De los {total} recuentos, {some}{which} aún {verb} en el artículo."

    def unchecked(self, name: str) -> str:
        return f"El recuento {_of(name)} aún no se había comprobado en su artículo."

    def secondary(self, names: Sequence[str]) -> str:
        if len(names) == 1:
            return f"El recuento {_of(names[0])} se leyó en una fuente secundaria."
        return f"Los recuentos {_of(self.listed(names))} se leyeron en fuentes secundarias."

    def note(self, text: str) -> str:
        for pattern, spanish in NOTES.items():
            found = re.fullmatch(pattern, text)
            if found:
                return spanish.format(*(self.figure(group) for group in found.groups()))
        return f"Nota del programa, en inglés: «{text}»"

    def warning(self, text: str) -> str:
        return f"AVISO (en inglés, como consta): «{text.removeprefix('WARNING: ')}»"

    def not_alike(self) -> str:
        return "Que no se demuestre que las series difieren no demuestra que sean iguales."

    def series(self, rows: Sequence[tuple[str, str, str, str]]) -> str:
        said = "; ".join(f"{name}, {counts} ({share} %; {ci})" for name, counts, share, ci in rows)
        return f"Por series: {said}."

    def ranging(self, k: int, low: str, high: str) -> str:
        return f"Las proporciones de las {k} series fueron de {low} a {high} %."

    def groups(self, by: str, rows: Sequence[tuple[str, str, str, str]], p: str, df: int | None) -> str:
        said = "; ".join(f"{name}, {counts} ({share} %; {ci})" for name, counts, share, ci in rows)
        test = f" La prueba de diferencia entre grupos dio {p} (gl {df})." if p else ""
        return f"Por {by}: {said}.{test}"

    def pool_beside(self, name: str, when: str, gap: str, ci: str, holds_zero: bool) -> str:
        zero = ", que incluye el 0" if holds_zero else ""
        return (
            f"La diferencia entre el conjunto de las series y {name}{_space(when)} fue de {gap} puntos porcentuales "
            f"({ci}{zero}), en una comparación no aleatorizada."
        )

    def row_minus(self, gap: str, ci: str, holds_zero: bool) -> str:
        zero = ", que incluye el 0" if holds_zero else ""
        return f"La diferencia entre aquella y estas fue de {gap} puntos porcentuales ({ci}{zero})."

    def ratios(self, rows: Sequence[tuple[str, str, str, str]], kind: str) -> str:
        said = [f"de {value} respecto {_to(name)}{_space(when)} ({ci})" for name, when, value, ci in rows]
        adjusted = "" if kind == "randomised" else ", sin ajustar,"
        return f"La razón de proporciones{adjusted} fue {self.listed(said)}."

    # ---- limitations -------------------------------------------------------------------------------

    def design(self, kind: str, differs: Sequence[str], e_value: str) -> str:
        if kind == "randomised":
            return (
                "Los recuentos se sumaron sobre centros y estratos; las estimaciones ajustadas de los propios artículos "
                "pueden diferir."
            )
        said = (
            "Los pacientes no se asignaron al azar entre los grupos y no se ajustó por ningún factor"
            if kind
            else "Salvo que los pacientes se asignaran al azar entre los grupos, la comparación no es aleatorizada, y no se ajustó "
            "por ningún factor"
        )
        if differs:
            said += f"; los grupos diferían en {self.listed(differs)}"
        if e_value:
            said += (
                f"; un factor no medido asociado tanto al grupo como al desenlace con una razón de riesgos de {e_value} "
                "en cada caso podría llevar el intervalo a la ausencia de diferencia"
            )
        return f"{said}."

    def hidden(self, result: Result, kind: str, number: int, who: str, bar: str) -> str:
        whom = _hidden(result, kind, number)
        one = number == 1
        return (
            f"{_upper(self.count(number))} {whom} {_of(who)} que no se {'hubiera' if one else 'hubieran'} visto o contado "
            f"{'llevaría' if one else 'llevarían'} p por encima de {bar}."
        )

    def no_difference(self) -> str:
        return "Los recuentos no muestran, de entrada, ninguna diferencia."

    def elsewhere(self, name: str, when: str, p: str) -> str:
        return (
            f"Frente {_to(name)}{_space(when)}, en cambio, {p}: la conclusión depende del comparador elegido."
        )

    def multiverse(self, kept: int | None, total: int, low: str, high: str, *, declared: bool) -> str:
        ways = "maneras de hacer la comparación declaradas en la revisión"
        which = f"{total} {ways}" if declared else f"{total} maneras habituales de hacer la comparación"
        ends = f"las diferencias fueron de {low} a {high} puntos porcentuales"
        return (
            f"En {which}, {ends}."
            if kept is None
            else f"De {which}, {kept} mantuvieron su conclusión; {ends}."
        )

    def small(self, n: int, low: str, high: str) -> str:
        who = "un paciente" if n == 1 else f"{n} pacientes"
        return f"La presente serie tenía {who}, por lo que su intervalo fue de {low} a {high} %."

    def few(self, k: int) -> str:
        return (
            f"Solo se combinaron {self.count(k, feminine=True)} series: demasiado pocas para juzgar con fiabilidad cuánto difieren las "
            "series o si otras quedaron sin publicar."
        )

    def tipping(self, tau: str) -> str:
        return (
            "Sin ninguna distribución previa, el límite exacto del conjunto alcanzaría a la referencia si las series "
            f"difirieran con tau = {tau} (la desviación estándar de sus logits)."
        )

    def drawer(self, number: float, rate: str) -> str:
        one = number < 1.5
        about = (
            f"cerca de {numbers.plain(float(f'{number:.2g}'), 2)}"
            if number >= 100
            else f"cerca de {number:.0f}"
        )
        about = "menos de una" if number < 0.95 else "más de un millón de" if number > 1e6 else about
        return (
            f"Si solo se publicaran series tan extremas como estas, {about} {'serie' if one else 'series'} sin publicar las "
            f"{'explicaría' if one else 'explicarían'} con una proporción verdadera del {rate} %."
        )

    def lost(self, name: str, treated: int, counted: int) -> str:
        return f"En {name} se trató a {treated} pacientes y se contó a {counted}."

    def lost_turns(self, result: Result, name: str, events: int, n: int, bar: str) -> str:
        return (
            f"Contar los abandonos {_of(name)} como pacientes sin el desenlace ({events} de {n}) llevaría p por "
            f"encima de {bar}."
        )

    def completers(self, name: str) -> str:
        return f"En {name} solo se contó a los pacientes que siguieron en tratamiento; no consta cuántos no lo hicieron."

    def bounds(self, reports: int, low: int, high: int, n: int) -> str:
        if reports == 1:
            head = "Otro artículo da su recuento solo entre límites y no se combinó; con él"
        else:
            head = f"Otros {self.count(reports)} artículos dan su recuento solo entre límites y no se combinaron; con ellos"
        return f"{head}, habrían presentado el desenlace de {low} a {high} de {n} pacientes."

    def overlap(self, one: str, other: str, adverb: str) -> str:
        return f"{_upper(self.listed([one, other]))} {ADVERBS.get(adverb, adverb)} comparten pacientes."

    def retained(self, *, everyone: bool) -> str:
        share = "100 %" if everyone else "0 %"
        return f"Ni emparejar ni ponderar a sus pacientes podría ajustar la comparación: el {share} sigue siendo el {share}."

    def no_reference(self) -> str:
        return "No había ningún grupo con el que comparar."

    def nothing(self) -> str:
        return "Con estos recuentos solos no se pudo poner en números ninguna limitación."


def _verbs(result: Result) -> tuple[str, str]:
    """What patients did, of several and of one; an outcome's own English verb is said as having the outcome."""
    return VERBS.get(did(result), HAD_IT)


def _hidden(result: Result, kind: str, number: int) -> str:
    """ "no respondedor", "pacientes con el evento"."""
    lacking = kind == "non-responders"
    verb = did(result)
    if verb == RESPONDED:
        one = "no respondedor" if lacking else "respondedor"
        return one if number == 1 else f"{one}es"
    what = "evento" if verb == BY_DIRECTION["lower"] else "desenlace"
    return f"{'paciente' if number == 1 else 'pacientes'} {'sin' if lacking else 'con'} el {what}"


def _label(row: StudyRow) -> str:
    """The label, in Spanish where it is one that the command gave to counts without a name."""
    label = clean(row.label)
    if row.state:
        return label
    if label == "the reference":
        return "la referencia"
    return re.sub(r"^Series (?=\d+$)", "Serie ", label)


def _of(name: str) -> str:
    """ "de TULIP", and with the article "del brazo placebo"."""
    return f"del {name[3:]}" if name.startswith("el ") else f"de {name}"


def _to(name: str) -> str:
    """ "a TULIP", "al brazo placebo"."""
    return f"al {name[3:]}" if name.startswith("el ") else f"a {name}"


def _visit(spread: str) -> str:
    found = re.fullmatch(r" \((\d+) to (\d+) weeks\)", spread)
    if found:
        return f" ({found[1]} a {found[2]} semanas)"
    for english, spanish in (("from", "desde las"), ("up to", "hasta las"), ("", "a las")):
        found = re.fullmatch(rf" \({english} ?(\d+) weeks\)", spread)
        if found:
            return f" ({spanish} {found[1]} semanas)"
    return spread


def _space(when: str) -> str:
    return f" {when}" if when else ""


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
