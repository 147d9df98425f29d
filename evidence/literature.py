"""The papers that the methods are from: key -> reference as printed (Vancouver). A method names its keys in `sources`.

Only text, loaded when somebody asks for references. Every key that a sentence cites must be here, and every entry must
be some method's (a test compares both).
"""

from __future__ import annotations

from collections.abc import Mapping

LITERATURE: Mapping[str, str] = {
    "agresti1998": "Agresti A, Coull BA. Approximate is better than “exact” for interval estimation of binomial "
    "proportions. Am Stat. 1998;52:119-26.",
    "albert1984": "Albert A, Anderson JA. On the existence of maximum likelihood estimates in logistic regression models. "
    "Biometrika. 1984;71:1-10.",
    "altman2011": "Altman DG, Bland JM. How to obtain the P value from a confidence interval. BMJ. 2011;343:d2304.",
    "anaya2016": "Anaya J. The GRIMMER test: a method for testing the validity of reported measures of variability. "
    "PeerJ Preprints. 2016;4:e2400v1.",
    "bakbergenuly2020": "Bakbergenuly I, Hoaglin DC, Kulinskaya E. Methods for estimating between-study variance and overall "
    "effect in meta-analysis of odds ratios. Res Synth Methods. 2020;11:426-42.",
    "baujat2002": "Baujat B, Mahé C, Pignon JP, Hill C. A graphical method for exploring heterogeneity in meta-analyses: "
    "application to a meta-analysis of 65 trials. Stat Med. 2002;21:2641-52.",
    "begg1994": "Begg CB, Mazumdar M. Operating characteristics of a rank correlation test for publication bias. "
    "Biometrics. 1994;50:1088-101.",
    "berkey1995": "Berkey CS, Hoaglin DC, Mosteller F, Colditz GA. A random-effects regression model for meta-analysis. "
    "Stat Med. 1995;14:395-411.",
    "bhatia2000": "Bhatia R, Davis C. A better bound on the variance. Am Math Mon. 2000;107:353-7.",
    "biggerstaff2008": "Biggerstaff BJ, Jackson D. The exact distribution of Cochran's heterogeneity statistic in one-way "
    "random effects meta-analysis. Stat Med. 2008;27:6093-110.",
    "borenstein2013": "Borenstein M, Higgins JPT. Meta-analysis and subgroups. Prev Sci. 2013;14:134-43.",
    "brannick2019": "Brannick MT, Potter SM, Benitez B, Morris SB. Bias and precision of alternate estimators in meta-"
    "analysis: benefits of blending Schmidt-Hunter and Hedges approaches. Organ Res Methods. "
    "2019;22:490-514.",
    "brown2001": "Brown LD, Cai TT, DasGupta A. Interval estimation for a binomial proportion. Stat Sci. "
    "2001;16:101-33.",
    "brown2017": "Brown NJL, Heathers JAJ. The GRIM test: a simple technique detects numerous anomalies in the "
    "reporting of results in psychology. Soc Psychol Personal Sci. 2017;8:363-9.",
    "cheung2014": "Cheung MWL. Modeling dependent effect sizes with three-level meta-analyses: a structural equation "
    "modeling approach. Psychol Methods. 2014;19:211-29.",
    "clopper1934": "Clopper CJ, Pearson ES. The use of confidence or fiducial limits illustrated in the case of the "
    "binomial. Biometrika. 1934;26:404-13.",
    "cochran1954": "Cochran WG. The combination of estimates from different experiments. Biometrics. 1954;10:101-29.",
    "cohen1960": "Cohen J. A coefficient of agreement for nominal scales. Educ Psychol Meas. 1960;20:37-46.",
    "cornfield1956": "Cornfield J. A statistical problem arising from retrospective studies. Proc Third Berkeley Symp Math "
    "Stat Probab. 1956;4:135-48.",
    "dersimonian1986": "DerSimonian R, Laird N. Meta-analysis in clinical trials. Control Clin Trials. 1986;7:177-88.",
    "dersimonian2007": "DerSimonian R, Kacker R. Random-effects model for meta-analysis of clinical trials: an update. "
    "Contemp Clin Trials. 2007;28:105-14.",
    "doi2015": "Doi SAR, Barendregt JJ, Khan S, Thalib L, Williams GM. Advances in the meta-analysis of "
    "heterogeneous clinical trials I: the inverse variance heterogeneity model. Contemp Clin Trials. "
    "2015;45:130-8.",
    "duval2000": "Duval S, Tweedie R. Trim and fill: a simple funnel-plot-based method of testing and adjusting for "
    "publication bias in meta-analysis. Biometrics. 2000;56:455-63.",
    "egger1997": "Egger M, Davey Smith G, Schneider M, Minder C. Bias in meta-analysis detected by a simple, graphical "
    "test. BMJ. 1997;315:629-34.",
    "fleiss1969": "Fleiss JL, Cohen J, Everitt BS. Large sample standard errors of kappa and weighted kappa. Psychol Bull. "
    "1969;72:323-7.",
    "freeman1950": "Freeman MF, Tukey JW. Transformations related to the angular and the square root. Ann Math Stat. "
    "1950;21:607-11.",
    "furuya2018": "Furuya-Kanamori L, Barendregt JJ, Doi SAR. A new improved graphical and quantitative method for "
    "detecting bias in meta-analysis. Int J Evid Based Healthc. 2018;16:195-203.",
    "gagnier2013": "Gagnier JJ, Kienle G, Altman DG, Moher D, Sox H, Riley D, et al. The CARE guidelines: consensus-based "
    "clinical case reporting guideline development. J Med Case Rep. 2013;7:223.",
    "greenland1985": "Greenland S, Robins JM. Estimation of a common effect parameter from sparse follow-up data. "
    "Biometrics. 1985;41:55-68.",
    "griffiths1973": "Griffiths DA. Maximum likelihood estimation for the beta-binomial distribution and an application "
    "to the household distribution of the total number of cases of a disease. Biometrics. 1973;29:637-48.",
    "guyatt2008": "Guyatt GH, Oxman AD, Vist GE, Kunz R, Falck-Ytter Y, Alonso-Coello P, et al. GRADE: an emerging consensus "
    "on rating quality of evidence and strength of recommendations. BMJ. 2008;336:924-6.",
    "hardy1996": "Hardy RJ, Thompson SG. A likelihood approach to meta-analysis with random effects. Stat Med. "
    "1996;15:619-29.",
    "hartung2001": "Hartung J, Knapp G. A refined method for the meta-analysis of controlled clinical trials with "
    "binary outcome. Stat Med. 2001;20:3875-89.",
    "hedges1985": "Hedges LV, Olkin I. Statistical methods for meta-analysis. San Diego: Academic Press; 1985.",
    "hedges2010": "Hedges LV, Tipton E, Johnson MC. Robust variance estimation in meta-regression with dependent effect"
    " size estimates. Res Synth Methods. 2010;1:39-65.",
    "higgins2002": "Higgins JPT, Thompson SG. Quantifying heterogeneity in a meta-analysis. Stat Med. 2002;21:1539-58.",
    "higgins2004": "Higgins JPT, Thompson SG. Controlling the risk of spurious findings from meta-regression. Stat Med. "
    "2004;23:1663-82.",
    "higgins2009": "Higgins JPT, Thompson SG, Spiegelhalter DJ. A re-evaluation of random-effects meta-analysis. J R "
    "Stat Soc Ser A Stat Soc. 2009;172:137-59.",
    "hodges1963": "Hodges JL Jr, Lehmann EL. Estimates of location based on rank tests. Ann Math Stat. 1963;34:598-611.",
    "hunter1990": "Hunter JE, Schmidt FL. Methods of meta-analysis: correcting error and bias in research findings. "
    "Thousand Oaks: Sage; 1990.",
    "hunter2014": "Hunter JP, Saratzis A, Sutton AJ, Boucher RH, Sayers RD, Bown MJ. In meta-analyses of proportion "
    "studies, funnel plots were found to be an inaccurate method of assessing publication bias. J Clin "
    "Epidemiol. 2014;67:897-903.",
    "iqwig2020": "Institut für Qualität und Wirtschaftlichkeit im Gesundheitswesen. Allgemeine Methoden, Version 6.0. "
    "Köln: IQWiG; 2020.",
    "jackson2013": "Jackson D. Confidence intervals for the between-study variance in random effects meta-analysis using"
    " generalised Cochran heterogeneity statistics. Res Synth Methods. 2013;4:220-9.",
    "jackson2017": "Jackson D, Law M, Rücker G, Schwarzer G. The Hartung-Knapp modification for random-effects meta-"
    "analysis: a useful refinement but are there any residual concerns? Stat Med. 2017;36:3923-34.",
    "kenward1997": "Kenward MG, Roger JH. Small sample inference for fixed effects from restricted maximum likelihood. "
    "Biometrics. 1997;53:983-97.",
    "knapp2003": "Knapp G, Hartung J. Improved tests for a random effects meta-regression with a single covariate. Stat "
    "Med. 2003;22:2693-710.",
    "konstantopoulos2011": "Konstantopoulos S. Fixed effects and variance components estimation in three-level meta-analysis. "
    "Res Synth Methods. 2011;2:61-76.",
    "koopman1984": "Koopman PAR. Confidence intervals for the ratio of two binomial proportions. Biometrics. "
    "1984;40:513-7.",
    "lancaster1961": "Lancaster HO. Significance tests in discrete distributions. J Am Stat Assoc. 1961;56:223-34.",
    "lau1992": "Lau J, Antman EM, Jimenez-Silva J, Kupelnick B, Mosteller F, Chalmers TC. Cumulative meta-analysis of "
    "therapeutic trials for myocardial infarction. N Engl J Med. 1992;327:248-54.",
    "luo2018": "Luo D, Wan X, Liu J, Tong T. Optimally estimating the sample mean from the sample size, median, mid-"
    "range, and/or mid-quartile range. Stat Methods Med Res. 2018;27:1785-805.",
    "macaskill2001": "Macaskill P, Walter SD, Irwig L. A comparison of methods to detect publication bias in "
    "meta-analysis. Stat Med. 2001;20:641-54.",
    "mantel1959": "Mantel N, Haenszel W. Statistical aspects of the analysis of data from retrospective studies of "
    "disease. J Natl Cancer Inst. 1959;22:719-48.",
    "mcgrath2019": "McGrath S, Zhao X, Qin ZZ, Steele R, Benedetti A. One-sample aggregate data meta-analysis of "
    "medians. Stat Med. 2019;38:969-84.",
    "mcgrath2020": "McGrath S, Zhao X, Steele R, Thombs BD, Benedetti A. Estimating the sample mean and standard "
    "deviation from commonly reported quantiles in meta-analysis. Stat Methods Med Res. 2020;29:2520-37.",
    "miettinen1985": "Miettinen O, Nurminen M. Comparative analysis of two rates. Stat Med. 1985;4:213-26.",
    "miller1978": "Miller JJ. The inverse of the Freeman-Tukey double arcsine transformation. Am Stat. 1978;32:138.",
    "morris1983": "Morris CN. Parametric empirical Bayes inference: theory and applications. J Am Stat Assoc. "
    "1983;78:47-55.",
    "munn2020": "Munn Z, Barker TH, Moola S, Tufanaru C, Stern C, McArthur A, et al. Methodological quality of case series "
    "studies: an introduction to the JBI critical appraisal tool. JBI Evid Synth. 2020;18:2127-33.",
    "nagashima2019": "Nagashima K, Noma H, Furukawa TA. Prediction intervals for random-effects meta-analysis: a "
    "confidence distribution approach. Stat Methods Med Res. 2019;28:1689-702.",
    "newcombe1998": "Newcombe RG. Interval estimation for the difference between independent proportions: comparison "
    "of eleven methods. Stat Med. 1998;17:873-90.",
    "olkin2012": "Olkin I, Dahabreh IJ, Trikalinos TA. GOSH - a graphical display of study heterogeneity. Res Synth "
    "Methods. 2012;3:214-23.",
    "page2021": "Page MJ, McKenzie JE, Bossuyt PM, Boutron I, Hoffmann TC, Mulrow CD, et al. The PRISMA 2020 statement: an "
    "updated guideline for reporting systematic reviews. BMJ. 2021;372:n71.",
    "parmar1998": "Parmar MKB, Torri V, Stewart L. Extracting summary statistics to perform meta-analyses of the "
    "published literature for survival endpoints. Stat Med. 1998;17:2815-34.",
    "partlett2017": "Partlett C, Riley RD. Random effects meta-analysis: coverage performance of 95% confidence and "
    "prediction intervals following REML estimation. Stat Med. 2017;36:301-17.",
    "paule1982": "Paule RC, Mandel J. Consensus values and weighting factors. J Res Natl Bur Stand. 1982;87:377-85.",
    "peters2006": "Peters JL, Sutton AJ, Jones DR, Abrams KR, Rushton L. Comparison of two methods to detect "
    "publication bias in meta-analysis. JAMA. 2006;295:676-80.",
    "phipson2010": "Phipson B, Smyth GK. Permutation p-values should never be zero: calculating exact p-values when "
    "permutations are randomly drawn. Stat Appl Genet Mol Biol. 2010;9:Article39.",
    "pratt1959": "Pratt JW. Remarks on zeros and ties in the Wilcoxon signed rank procedures. J Am Stat Assoc. "
    "1959;54:655-67.",
    "pustejovsky2018": "Pustejovsky JE, Tipton E. Small-sample methods for cluster-robust variance estimation and hypothesis"
    " testing in fixed effects models. J Bus Econ Stat. 2018;36:672-83.",
    "robins1986": "Robins J, Breslow N, Greenland S. Estimators of the Mantel-Haenszel variance consistent in both "
    "sparse data and large-strata limiting models. Biometrics. 1986;42:311-23.",
    "rosenberg2005": "Rosenberg MS. The file-drawer problem revisited: a general weighted method for calculating fail-safe "
    "numbers in meta-analysis. Evolution. 2005;59:464-8.",
    "rosenthal1979": "Rosenthal R. The file drawer problem and tolerance for null results. Psychol Bull. 1979;86:638-41.",
    "rover2015": "Röver C, Knapp G, Friede T. Hartung-Knapp-Sidik-Jonkman approach and its modification for random-"
    "effects meta-analysis with few studies. BMC Med Res Methodol. 2015;15:99.",
    "rover2021": "Röver C, Bender R, Dias S, Schmid CH, Schmidli H, Sturtz S, et al. On weakly informative prior "
    "distributions for the heterogeneity parameter in Bayesian random-effects meta-analysis. Res Synth Methods. "
    "2021;12:448-74.",
    "sato1989": "Sato T, Greenland S, Robins JM. On the variance estimator for the Mantel-Haenszel risk difference. "
    "Biometrics. 1989;45:1323-4.",
    "schwarzer2024": "Schwarzer G, Rücker G, Semaca C. LFK index does not reliably detect small-study effects in "
    "meta-analysis: a simulation study. Res Synth Methods. 2024;15:603-15.",
    "shi2020": "Shi J, Luo D, Weng H, Zeng XT, Lin L, Chu H, et al. Optimally estimating the sample standard "
    "deviation from the five-number summary. Res Synth Methods. 2020;11:641-54.",
    "shi2023": "Shi J, Luo D, Wan X, Liu Y, Liu J, Bian Z, et al. Detecting the skewness of data from the five-"
    "number summary and its application in meta-analysis. Stat Methods Med Res. 2023;32:1338-60.",
    "sidik2002": "Sidik K, Jonkman JN. A simple confidence interval for meta-analysis. Stat Med. 2002;21:3153-9.",
    "sidik2005": "Sidik K, Jonkman JN. Simple heterogeneity variance estimation for meta-analysis. J R Stat Soc Ser C "
    "Appl Stat. 2005;54:367-84.",
    "sterne2011": "Sterne JAC, Sutton AJ, Ioannidis JPA, Terrin N, Jones DR, Lau J, et al. Recommendations for "
    "examining and interpreting funnel plot asymmetry in meta-analyses of randomised controlled trials. "
    "BMJ. 2011;343:d4002.",
    "sterne2016": "Sterne JAC, Hernán MA, Reeves BC, Savović J, Berkman ND, Viswanathan M, et al. ROBINS-I: a tool for "
    "assessing risk of bias in non-randomised studies of interventions. BMJ. 2016;355:i4919.",
    "sterne2019": "Sterne JAC, Savović J, Page MJ, Elbers RG, Blencowe NS, Boutron I, et al. RoB 2: a revised tool for "
    "assessing risk of bias in randomised trials. BMJ. 2019;366:l4898.",
    "stijnen2010": "Stijnen T, Hamza TH, Özdemir P. Random effects meta-analysis of event outcome in the framework of "
    "the generalized linear mixed model with applications in sparse data. Stat Med. 2010;29:3046-67.",
    "sweeting2004": "Sweeting MJ, Sutton AJ, Lambert PC. What to add to nothing? Use and avoidance of continuity "
    "corrections in meta-analysis of sparse data. Stat Med. 2004;23:1351-75.",
    "tarone1985": "Tarone RE. On heterogeneity tests based on efficient scores. Biometrika. 1985;72:91-5.",
    "thompson1999": "Thompson SG, Sharp SJ. Explaining heterogeneity in meta-analysis: a comparison of methods. Stat Med. "
    "1999;18:2693-708.",
    "thompson2002": "Thompson SG, Higgins JPT. How should meta-regression analyses be undertaken and interpreted? Stat "
    "Med. 2002;21:1559-73.",
    "tipton2015": "Tipton E. Small sample adjustments for robust variance estimation with meta-regression. Psychol "
    "Methods. 2015;20:375-93.",
    "turner2000": "Turner RM, Omar RZ, Yang M, Goldstein H, Thompson SG. A multilevel model framework for meta-analysis "
    "of clinical trials with binary outcomes. Stat Med. 2000;19:3417-32.",
    "vanhouwelingen1993": "Van Houwelingen HC, Zwinderman KH, Stijnen T. A bivariate approach to meta-analysis. Stat Med. "
    "1993;12:2273-84.",
    "veroniki2019": "Veroniki AA, Jackson D, Bender R, Kuss O, Langan D, Higgins JPT, et al. Methods to calculate "
    "uncertainty in the estimated overall effect size from a random-effects meta-analysis. Res Synth "
    "Methods. 2019;10:23-43.",
    "vevea1995": "Vevea JL, Hedges LV. A general linear model for estimating effect size in the presence of "
    "publication bias. Psychometrika. 1995;60:419-35.",
    "viechtbauer2005": "Viechtbauer W. Bias and efficiency of meta-analytic variance estimators in the random-effects "
    "model. J Educ Behav Stat. 2005;30:261-93.",
    "viechtbauer2007": "Viechtbauer W. Confidence intervals for the amount of heterogeneity in meta-analysis. Stat Med. "
    "2007;26:37-52.",
    "viechtbauer2010": "Viechtbauer W. Conducting meta-analyses in R with the metafor package. J Stat Softw. "
    "2010;36(3):1-48.",
    "viechtbauer2010influence": "Viechtbauer W, Cheung MWL. Outlier and influence diagnostics for meta-analysis. Res Synth "
    "Methods. 2010;1:112-25.",
    "viechtbauer2021": "Viechtbauer W. Median-unbiased estimators for the amount of heterogeneity in meta-analysis. European"
    " Congress of Methodology; 2021; Valencia, Spain.",
    "wan2014": "Wan X, Wang W, Liu J, Tong T. Estimating the sample mean and standard deviation from the sample "
    "size, median, range and/or interquartile range. BMC Med Res Methodol. 2014;14:135.",
    "wells2000": "Wells GA, Shea B, O'Connell D, Peterson J, Welch V, Losos M, et al. The Newcastle-Ottawa Scale (NOS) for "
    "assessing the quality of nonrandomised studies in meta-analyses. Ottawa: Ottawa Hospital Research Institute; 2000.",
    "wiksten2016": "Wiksten A, Rücker G, Schwarzer G. Hartung-Knapp method is not always conservative compared with "
    "fixed-effect meta-analysis. Stat Med. 2016;35:2503-15.",
    "wilcoxon1945": "Wilcoxon F. Individual comparisons by ranking methods. Biometrics Bull. 1945;1:80-3.",
    "williams1975": "Williams DA. The analysis of binary responses from toxicological experiments involving "
    "reproduction and teratogenicity. Biometrics. 1975;31:949-52.",
    "wilson1927": "Wilson EB. Probable inference, the law of succession, and statistical inference. J Am Stat Assoc. "
    "1927;22:209-12.",
    "yusuf1985": "Yusuf S, Peto R, Lewis J, Collins R, Sleight P. Beta blockade during and after myocardial "
    "infarction: an overview of the randomized trials. Prog Cardiovasc Dis. 1985;27:335-71.",
}
