"""The papers that the methods are from: key -> reference as printed (Vancouver). A method names its keys in `sources`.

Only text, loaded when somebody asks for references. Every key that a module names must be here (a test compares),
every entry must be used by some method, and no entry is here whose details were not looked up.
"""

from __future__ import annotations

from collections.abc import Mapping

LITERATURE: Mapping[str, str] = {
    "clopper1934": "Clopper CJ, Pearson ES. The use of confidence or fiducial limits illustrated in the case of the "
    "binomial. Biometrika. 1934;26:404-13.",
    "dersimonian1986": "DerSimonian R, Laird N. Meta-analysis in clinical trials. Control Clin Trials. 1986;7:177-88.",
    "hartung2001": "Hartung J, Knapp G. A refined method for the meta-analysis of controlled clinical trials with "
    "binary outcome. Stat Med. 2001;20:3875-89.",
    "newcombe1998": "Newcombe RG. Interval estimation for the difference between independent proportions: comparison "
    "of eleven methods. Stat Med. 1998;17:873-90.",
    "rover2021": "Röver C, Bender R, Dias S, Schmid CH, Schmidli H, Sturtz S, et al. On weakly informative prior "
    "distributions for the heterogeneity parameter in Bayesian random-effects meta-analysis. Res Synth Methods. "
    "2021;12:448-74.",
    "stijnen2010": "Stijnen T, Hamza TH, Özdemir P. Random effects meta-analysis of event outcome in the framework of "
    "the generalized linear mixed model with applications in sparse data. Stat Med. 2010;29:3046-67.",
    "viechtbauer2005": "Viechtbauer W. Bias and efficiency of meta-analytic variance estimators in the random-effects "
    "model. J Educ Behav Stat. 2005;30:261-93.",
    "viechtbauer2010": "Viechtbauer W. Conducting meta-analyses in R with the metafor package. J Stat Softw. "
    "2010;36(3):1-48.",
}
