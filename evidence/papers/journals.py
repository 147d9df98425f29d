"""Journal names and their NLM abbreviations, where known: by any of their names, in any case, with or without dots.

Abbreviations and titles are those of the NLM Catalog: of the journals in the
shipped review, those that clinical papers of this field cite, and the large
general ones. An unknown journal stays as it is printed, never abbreviated by
rule: the NLM's abbreviations have exceptions no rule knows.
"""

from __future__ import annotations

import re
from functools import cache

# abbreviation | title | other names in use, separated by ;
_TABLE = """
Acta Anaesthesiol Scand | Acta anaesthesiologica Scandinavica
Acta Derm Venereol | Acta dermato-venereologica
Actas Dermosifiliogr | Actas dermo-sifiliograficas | Actas Dermo-Sifiliográficas; Actas Dermosifiliogr (Engl Ed)
Adv Ther | Advances in therapy
Allergy | Allergy
Am J Clin Dermatol | American journal of clinical dermatology
Am J Clin Nutr | The American journal of clinical nutrition
Am J Epidemiol | American journal of epidemiology
Am J Gastroenterol | The American journal of gastroenterology
Am J Hematol | American journal of hematology
Am J Kidney Dis | American journal of kidney diseases
Am J Med | The American journal of medicine
Am J Obstet Gynecol | American journal of obstetrics and gynecology
Am J Prev Med | American journal of preventive medicine
Am J Psychiatry | The American journal of psychiatry
Am J Public Health | American journal of public health
Am J Respir Crit Care Med | American journal of respiratory and critical care medicine | AJRCCM
Am J Transplant | American journal of transplantation
An Bras Dermatol | Anais brasileiros de dermatologia
Anesth Analg | Anesthesia and analgesia
Anesthesiology | Anesthesiology
Ann Intern Med | Annals of internal medicine
Ann Neurol | Annals of neurology
Ann Oncol | Annals of oncology
Ann Rheum Dis | Annals of the rheumatic diseases | ARD
Ann Surg | Annals of surgery
Arch Dermatol | Archives of dermatology
Arch Dermatol Res | Archives of dermatological research
Arch Intern Med | Archives of internal medicine
Arthritis Care Res (Hoboken) | Arthritis care & research
Arthritis Res Ther | Arthritis research & therapy
Arthritis Rheum | Arthritis and rheumatism
Arthritis Rheumatol | Arthritis & rheumatology (Hoboken, N.J.) | A&R
Autoimmun Rev | Autoimmunity reviews
Behav Res Methods | Behavior research methods
Bioinformatics | Bioinformatics (Oxford, England)
Biom J | Biometrical journal. Biometrische Zeitschrift | Biometrical Journal
Biometrics | Biometrics
Biometrika | Biometrika
Biostatistics | Biostatistics (Oxford, England)
Blood | Blood
Blood Adv | Blood advances
BMC Bioinformatics | BMC bioinformatics
BMC Med | BMC medicine
BMC Med Res Methodol | BMC medical research methodology
BMC Public Health | BMC public health
BMJ | BMJ (Clinical research ed.) | British Medical Journal; Br Med J; BMJ Clin Res Ed; The BMJ
BMJ Open | BMJ open
Br J Anaesth | British journal of anaesthesia | BJA
Br J Cancer | British journal of cancer
Br J Clin Pharmacol | British journal of clinical pharmacology
Br J Dermatol | The British journal of dermatology | BJD
Br J Haematol | British journal of haematology
Br J Psychiatry | The British journal of psychiatry : the journal of mental science
Brain | Brain : a journal of neurology
Brief Bioinform | Briefings in bioinformatics
Cad Saude Publica | Cadernos de saude publica | Cadernos de Saúde Pública
Cancer | Cancer
Cancer Res | Cancer research
Cell | Cell
Cephalalgia | Cephalalgia : an international journal of headache
Chest | Chest
Circulation | Circulation
Clin Exp Dermatol | Clinical and experimental dermatology
Clin Exp Rheumatol | Clinical and experimental rheumatology
Clin Gastroenterol Hepatol | Clinical gastroenterology and hepatology
Clin Infect Dis | Clinical infectious diseases | CID
Clin Pharmacokinet | Clinical pharmacokinetics
Clin Pharmacol Ther | Clinical pharmacology and therapeutics
Clin Rheumatol | Clinical rheumatology
Clin Trials | Clinical trials (London, England)
Cochrane Database Syst Rev | The Cochrane database of systematic reviews | Cochrane Database of Systematic Reviews; Cochrane Reviews
Contact Dermatitis | Contact dermatitis
Contemp Clin Trials | Contemporary clinical trials
Control Clin Trials | Controlled clinical trials
Crit Care | Critical care (London, England)
Crit Care Med | Critical care medicine
Cureus | Cureus
Curr Opin Rheumatol | Current opinion in rheumatology
Dermatol Ther | Dermatologic therapy
Dermatol Ther (Heidelb) | Dermatology and therapy
Dermatology | Dermatology (Basel, Switzerland)
Diabetes | Diabetes
Diabetes Care | Diabetes care
Diabetologia | Diabetologia
Drug Saf | Drug safety
Drugs | Drugs
EBioMedicine | EBioMedicine
EClinicalMedicine | EClinicalMedicine
Ecology | Ecology
Epidemiology | Epidemiology (Cambridge, Mass.)
Eur Heart J | European heart journal
Eur J Dermatol | European journal of dermatology : EJD
Eur J Epidemiol | European journal of epidemiology
Eur Respir J | The European respiratory journal
Eur Urol | European urology
Expert Rev Clin Immunol | Expert review of clinical immunology
Front Immunol | Frontiers in immunology
Front Med (Lausanne) | Frontiers in medicine
Gastroenterology | Gastroenterology
Genome Biol | Genome biology
Gut | Gut
Haematologica | Haematologica
Headache | Headache
Heart | Heart (British Cardiac Society)
Hepatology | Hepatology (Baltimore, Md.)
Hypertension | Hypertension (Dallas, Tex. : 1979)
Immunity | Immunity
Immunol Med | Immunological medicine
Int J Dermatol | International journal of dermatology
Int J Epidemiol | International journal of epidemiology
Int J Mol Sci | International journal of molecular sciences
Int J Rheum Dis | International journal of rheumatic diseases
Int J Womens Dermatol | International journal of women's dermatology
Intensive Care Med | Intensive care medicine
J Allergy Clin Immunol | The Journal of allergy and clinical immunology
J Am Acad Dermatol | Journal of the American Academy of Dermatology | JAAD
J Am Coll Cardiol | Journal of the American College of Cardiology | JACC
J Am Med Inform Assoc | Journal of the American Medical Informatics Association : JAMIA | JAMIA
J Am Soc Nephrol | Journal of the American Society of Nephrology : JASN | JASN
J Autoimmun | Journal of autoimmunity
J Biol Chem | The Journal of biological chemistry
J Clin Endocrinol Metab | The Journal of clinical endocrinology and metabolism
J Clin Epidemiol | Journal of clinical epidemiology
J Clin Invest | The Journal of clinical investigation | JCI
J Clin Med | Journal of clinical medicine
J Clin Microbiol | Journal of clinical microbiology
J Clin Oncol | Journal of clinical oncology : official journal of the American Society of Clinical Oncology | JCO
J Cutan Pathol | Journal of cutaneous pathology
J Dermatol | The Journal of dermatology
J Dermatol Sci | Journal of dermatological science
J Dermatolog Treat | The Journal of dermatological treatment
J Drugs Dermatol | Journal of drugs in dermatology : JDD
J Dtsch Dermatol Ges | Journal der Deutschen Dermatologischen Gesellschaft = Journal of the German Society of Dermatology : JDDG | JDDG
J Eur Acad Dermatol Venereol | Journal of the European Academy of Dermatology and Venereology : JEADV | JEADV
J Exp Med | The Journal of experimental medicine
J Hepatol | Journal of hepatology
J Immunol | Journal of immunology (Baltimore, Md. : 1950)
J Infect Dis | The Journal of infectious diseases
J Invest Dermatol | The Journal of investigative dermatology | JID
J Med Internet Res | Journal of medical Internet research
J Natl Cancer Inst | Journal of the National Cancer Institute | JNCI
J Neurol Neurosurg Psychiatry | Journal of neurology, neurosurgery, and psychiatry
J Pain | The journal of pain
J Pediatr | The Journal of pediatrics
J Rheumatol | The Journal of rheumatology
J Stat Softw | Journal of statistical software
J Urban Health | Journal of urban health : bulletin of the New York Academy of Medicine
JAAD Case Rep | JAAD case reports
JAMA | JAMA | Journal of the American Medical Association
JAMA Dermatol | JAMA dermatology
JAMA Intern Med | JAMA internal medicine
JAMA Netw Open | JAMA network open
JAMA Neurol | JAMA neurology
JAMA Oncol | JAMA oncology
JAMA Pediatr | JAMA pediatrics
JAMA Psychiatry | JAMA psychiatry
JAMA Surg | JAMA surgery
JCI Insight | JCI insight
Joint Bone Spine | Joint bone spine
Kidney Int | Kidney international
Lancet | Lancet (London, England) | The Lancet
Lancet Diabetes Endocrinol | The lancet. Diabetes & endocrinology | The Lancet Diabetes & Endocrinology
Lancet Gastroenterol Hepatol | The lancet. Gastroenterology & hepatology | The Lancet Gastroenterology & Hepatology
Lancet Glob Health | The Lancet. Global health | The Lancet Global Health
Lancet Haematol | The Lancet. Haematology | The Lancet Haematology
Lancet HIV | The lancet. HIV | The Lancet HIV
Lancet Infect Dis | The Lancet. Infectious diseases | The Lancet Infectious Diseases
Lancet Neurol | The Lancet. Neurology | The Lancet Neurology
Lancet Oncol | The Lancet. Oncology | The Lancet Oncology
Lancet Psychiatry | The lancet. Psychiatry | The Lancet Psychiatry
Lancet Public Health | The Lancet. Public health | The Lancet Public Health
Lancet Respir Med | The Lancet. Respiratory medicine | The Lancet Respiratory Medicine
Lancet Rheumatol | The Lancet. Rheumatology | The Lancet Rheumatology
Leukemia | Leukemia
Lupus | Lupus
Lupus Sci Med | Lupus science & medicine
Mayo Clin Proc | Mayo Clinic proceedings
Med Care | Medical care
Med Clin (Barc) | Medicina clinica | Medicina Clínica
Med Decis Making | Medical decision making : an international journal of the Society for Medical Decision Making
Med Phys | Medical physics
Med Sci Sports Exerc | Medicine and science in sports and exercise
Milbank Q | The Milbank quarterly
Mod Rheumatol | Modern rheumatology
Mult Scler | Multiple sclerosis (Houndmills, Basingstoke, England) | Multiple Sclerosis Journal
N Engl J Med | The New England journal of medicine | NEJM; New Engl J Med
Nat Commun | Nature communications
Nat Genet | Nature genetics
Nat Immunol | Nature immunology
Nat Med | Nature medicine
Nat Rev Dis Primers | Nature reviews. Disease primers | Nature Reviews Disease Primers
Nat Rev Immunol | Nature reviews. Immunology | Nature Reviews Immunology
Nat Rev Rheumatol | Nature reviews. Rheumatology | Nature Reviews Rheumatology
Nature | Nature
Neuroimage | NeuroImage
Neurology | Neurology
Neuroscience | Neuroscience
Nucleic Acids Res | Nucleic acids research
Obstet Gynecol | Obstetrics and gynecology
Orphanet J Rare Dis | Orphanet journal of rare diseases
Pain | Pain
Pediatr Dermatol | Pediatric dermatology
Pediatrics | Pediatrics
Pharmacoepidemiol Drug Saf | Pharmacoepidemiology and drug safety
PLoS Med | PLoS medicine
PLoS One | PloS one | PLOS ONE
Proc Natl Acad Sci U S A | Proceedings of the National Academy of Sciences of the United States of America | PNAS; Proc Natl Acad Sci USA
Psychol Bull | Psychological bulletin
Psychol Methods | Psychological methods
Psychometrika | Psychometrika
Radiology | Radiology
Reg Anesth Pain Med | Regional anesthesia and pain medicine
Res Synth Methods | Research synthesis methods
Rev Bras Epidemiol | Revista brasileira de epidemiologia = Brazilian journal of epidemiology | Revista Brasileira de Epidemiologia
Rev Esp Anestesiol Reanim | Revista espanola de anestesiologia y reanimacion
Rev Saude Publica | Revista de saude publica | Revista de Saúde Pública
Rheumatol Int | Rheumatology international
Rheumatol Ther | Rheumatology and therapy
Rheumatology (Oxford) | Rheumatology (Oxford, England) | Rheumatology
RMD Open | RMD open
Sci Rep | Scientific reports
Sci Transl Med | Science translational medicine
Science | Science (New York, N.Y.)
Semin Arthritis Rheum | Seminars in arthritis and rheumatism
Skin Res Technol | Skin research and technology
Stat Med | Statistics in medicine | Stat in Med
Stat Methods Med Res | Statistical methods in medical research
Stroke | Stroke
Support Care Cancer | Supportive care in cancer : official journal of the Multinational Association of Supportive Care in Cancer
Syst Rev | Systematic reviews
Thorax | Thorax
Transplantation | Transplantation
Trials | Trials
Value Health | Value in health : the journal of the International Society for Pharmacoeconomics and Outcomes Research
"""

_WORDS = """
abstr acad adv aerosp affil allergol allergy alzheimers am anaesth anaesthesiol anal analg anat anest anesth
anesthesiol ann annu anthropol antimicrob antropol apl appl arch arq arthritis artif asoc assist assoc ast
aust autoimmun bact bacteriol barc behav belg biochem bioeng bioinform biol biom biomed biomet biophys
biosci biostat biotechnol bot br bras bull cad can card cardiol cardiothorac cardiovasc cent chem chemother
child chin chir chromatogr cir circ clin cogn coll comb commun comp complement comput conf congr contemp
control crit cryst curr cutan cytol dent dermatol dermatolog dermosifiliogr des dev diabetol diagn dig dis
drug dtsch ecol econ educ electron embryol emerg endocr endocrinol endosc enferm eng engl entomol environ
enzymol epidemiol ergon ethn eur eval evol exp expo fam fed fertil finn fr front gastroenterol gaucha gen
genet genomics geriatr gerontol ges gynecol haematol health hematol hepatol hig hist histochem histol hosp
hum hyg hypertens imaging immunol ind infect inform innov inorg inst int intensiv intern interv invest
investig ital j jpn kardiol klin lab laryngol lett leuk lipid mal manag math med mem metab methodol methods
microb microbiol milit min mod mol monogr morphol muscul nat natl nephrol neurobiol neurochem neurol
neuropathol neurophysiol neuropsychiatr neurosci neurosurg nutr obstet occup oftalmol oncol oper ophthalmol
opin oral org orl orthop osteoarthr otol otolaryngol otorhinolaryngol paediatr parasitol pathobiol pathol
pediatr perinat pers perspect pharm pharmacoepidemiol pharmacogenet pharmacokinet pharmacol phys physiol
plast pneumol pol postgrad pract prev proc prog protoc prz psychiatr psychiatry psychol psychosom publ
public pulm q quant radiat radiol reanim reg regul rehabil reprod res respir resusc rev rheum rheumatol saf
sau saude scand schweiz sci secc sect semin ser serv soc sociol softw spectrosc stat stem stud suppl surg
surveill synth syst tech technol ther thorac thromb thyroid top toxicol transl transplant trauma trop tuberc
ultrason ultrasound urol vaccin vasc venereol vet virol vis vit wien yonsei zentralbl zool
"""

ABBREVIATED = frozenset(_WORDS.split())
"""Words as journals' names abbreviate them (ISO 4), folded. They tell a dotted name, J. Clin. Microbiol., from sentences."""


def fold(name: str) -> str:
    """A name for comparison: lower case, no dots, no leading "the", & as and, one space between words."""
    words = re.sub(r"[.,:;=/()\[\]'’-]", " ", name.replace("&", " and ")).casefold().split()
    return " ".join(words[1:] if words[:1] == ["the"] else words)


def _names(line: str) -> tuple[str, str, list[str]]:
    abbreviation, title, *others = (part.strip() for part in line.split("|"))
    bare = re.split(r" [:=] ", re.sub(r"\s*\([^)]*\)$", "", title))[0]
    return (
        abbreviation,
        title,
        [abbreviation, title, bare, *(name.strip() for name in ";".join(others).split(";"))],
    )


@cache
def _known() -> tuple[dict[str, str], dict[str, str]]:
    """Folded name -> abbreviation, and abbreviation -> title."""
    names: dict[str, str] = {}
    titles: dict[str, str] = {}
    for line in _TABLE.strip().splitlines():
        abbreviation, title, others = _names(line)
        titles[abbreviation] = title
        for name in filter(None, others):
            names.setdefault(fold(name), abbreviation)
    return names, titles


def abbreviation_of(name: str) -> str:
    """The NLM abbreviation of a journal by any of its names; "" where it is not in the table."""
    names, _ = _known()
    found = names.get(fold(name))
    if found is None and "(" in name:  # Dermatology (Basel, Switzerland), Sensors (Basel)
        found = names.get(fold(re.sub(r"\s*\([^)]*\)\s*$", "", name)))
    if found is None and re.search(r" [:=] ", name):
        found = names.get(fold(re.split(r" [:=] ", name)[0]))
    return found or ""


def title_of(name: str) -> str:
    """The NLM's full title of a journal by any of its names; "" where it is not in the table."""
    _, titles = _known()
    return titles.get(abbreviation_of(name), "")
