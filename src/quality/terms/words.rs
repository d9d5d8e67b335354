//! Words for views and body parts, as consoles in many countries write them.
//!
//! Words stand with their accents; they are compared without (see [`super::fold`]). `_` joins words that follow one
//! another, `*` at an end stands for anything, and words of scripts without spaces are found anywhere.

use super::{
    Part::{self, Chest, Other},
    View::{self, Axial, Decubitus, Frontal, Lateral, Lying, Oblique, Special},
};

/// DICOM's View Position (PS3.3 C.8.7.1), MIMIC-CXR's and PadChest's codes, and words.
pub(super) const VIEWS: &[(View, &str)] = &[
    (Frontal, "PA AP DV VD POSTEROANTERIOR* ANTEROPOSTERIOR* POSTERO_ANTERIOR* ANTERO_POSTERIOR*"),
    (
        Frontal,
        "FRONTAL* FRONT FACE FRENTE POSTEROANTERIEUR ANTEROPOSTERIEUR VOORACHTERWAARTS ACHTERVOORWAARTS",
    ),
    (Frontal, "ПРЯМАЯ ПРЯМОЙ ПРЯМОЕ ПЕРЕДНЯЯ ЗАДНЯЯ PRZEDNIO_TYLN* TYLNO_PRZEDN* ZADOPREDN* PREDOZADN*"),
    (Frontal, "正位 正面 前後 後前 前后 后前 정면 전후 후전"),
    (
        Lateral,
        "LAT LATS LATERAL LATERALE LATERALES LATERALIS LATERALI LATERAAL LATERALNE LATERALNA LATERALNY",
    ),
    (Lateral, "LATEROLATERAL* LATERO_LATERAL* MEDIOLATERAL* LATEROMEDIAL* LLAT RLAT LTLAT RTLAT"),
    (Lateral, "XTABLE X_TABLE XTABLELATERAL CROSSTABLE CROSS_TABLE XTL PROFIL PROFILO PERFIL"),
    (
        Lateral,
        "SEITLICH* SEITENAUFNAHME SEITENBILD ZIJDELINGS* ZIJAANZICHT DWARS DWARSE SIDEBILDE SIDOBILD SIDOPROJEKTION",
    ),
    (
        Lateral,
        "BOCZN* BOČNÍ BOČNÁ OLDALIRÁNYÚ OLDALFELVÉTEL SIVUKUVA YAN YANDAN БОКОВ* БІЧН* ΠΛΑΓΙΑ ΠΛΑΓΙΟ ΠΡΟΦΙΛ",
    ),
    (Lateral, "侧位 側位 側面 左侧 右侧 측면 ด้านข้าง جانبي צד צדדי"),
    (
        Oblique,
        "OBL OBLS OBLIQUE* OBLIQUA* OBLIQUO* OBLICUA* OBLICUO* OBLÍQUA* OBLIK* OBLIEK LAO RAO LPO RPO LLO RLO",
    ),
    (
        Oblique,
        "SCHRÄG* SCHRAEG* SCHUIN* SKOŚN* ŠIKM* SKRÅ* SNED* EĞİK FERDE VIISTO* КОСАЯ КОСОЙ КОСОЕ КОСА ΛΟΞΗ",
    ),
    (Oblique, "斜位 斜 사위 사선"),
    (Decubitus, "DECUB* DÉCUB* DEKUB* DECÚBITO* LLD RLD SEITENLAGE* LINKSSEITENLAGE RECHTSSEITENLAGE"),
    (Decubitus, "ZIJLIGGING SIDELEIE SIDOLÄGE ЛАТЕРОПОЗИЦ* ЛАТЕРОГРАФ* 侧卧 側臥 側卧 측와"),
    // Of a patient who lies on the back or belly while the beam comes from the front
    (
        Lying,
        "DECÚBITO_SUPINO DECÚBITO_DORSAL DECÚBITO_PRONO DECÚBITO_VENTRAL DÉCUBITUS_DORSAL DÉCUBITUS_VENTRAL",
    ),
    (Lying, "DECUBITO_SUPINA SUPINE_DECUBITUS DECUBITUS_SUPINE"),
    (Axial, "AXIAL AXIALE LORDOTIC* LORDÓTICA LORDOTISCH LORDOTIQUE LORDÓTICO APICAL APICOLORDOT* LINDBLOM*"),
    (Special, "SWIMMER* COSTAL* EXCLUDE* TANGENTIAL* CRANIOCAUDAL* CAUDOCRANIAL* TRANSTHORACIC*"),
];

/// Words that say so only in View Position, where other texts mean a side by them.
pub(super) const VIEW_CODES: &[(View, &str)] =
    &[(Lateral, "L LL RL LR"), (Decubitus, "DEC"), (Special, "TAN")];

/// Words of a text that describes several films.
pub(super) const SEVERAL: &[((), &str)] =
    &[((), "AND Y E ET ED UND EN OG OCH VE WITH PLUS VIEWS PROYECCIONES PROJEKTIONEN INCIDENCES И")];

/// Body Part Examined (PS3.16 Annex L) and words.
pub(super) const PARTS: &[(Part, &str)] = &[
    // English, and what many languages share
    (
        Chest,
        "*CHEST* *THORAX* *TORAX* *TORAKS* *THORAKS* THORACIC_CAVITY THORACIC_CAGE LUNG LUNGS CXR CHX PCXR THX",
    ),
    (Chest, "PULMO* HEART CARDIAC MEDIASTIN* BRONCH* PLEURA*"),
    // Spanish, Portuguese, Catalan
    (
        Chest,
        "PULMON PULMONES PECHO CAJA_TORÁCICA CAVIDAD_TORÁCICA CORAZÓN PULMÃO PULMÕES PEITO CORAÇÃO PULMÓ",
    ),
    // French, Italian, Romanian
    (
        Chest,
        "POUMON* POITRINE CAGE_THORACIQUE CŒUR COEUR TORACE* POLMON* GABBIA_TORACICA CUORE PLĂMÂN* CUTIE_TORACICĂ",
    ),
    // German, Dutch, Scandinavian languages, Finnish
    (
        Chest,
        "BRUST BRUSTKORB BRUSTRAUM LUNGE LUNGEN* LUNGAUFNAHME HERZ* BORSTKAS* LONGEN LONGFOTO X-LONGEN HARTLONG*",
    ),
    (Chest, "LUNGOR LUNGA LUNGER BRÖSTKORG BRYSTKASSE BRINGE HJÄRTA HJERTE KEUHKO* RINTAKEHÄ"),
    // Polish, Czech, Slovak, Hungarian, Croatian, Slovene, Lithuanian
    (
        Chest,
        "KLATKA KLATKI KLP PŁUC* SERCE HRUDNÍK HRUDNIK HRUĎ PLÍCE PLICE PĽÚCA MELLKAS* TÜDŐ* PLUĆA PRSNI_KOŠ GRUDNI_KOŠ",
    ),
    // Russian, Ukrainian, Bulgarian, Serbian
    (
        Chest,
        "ГРУДЬ ГРУДНАЯ_КЛЕТКА ГРУДНОЙ_КЛЕТКИ ГРУДНАЯ_ПОЛОСТЬ ГРУДНОЙ_ПОЛОСТИ ОГК ОГП ЛЕГК* ЛЁГК* СЕРДЦ* ГРУДИ",
    ),
    (Chest, "ГРУДНА_КЛІТКА ГРУДНОЇ_КЛІТКИ ЛЕГЕН* ГРЪДЕН_КОШ БЕЛИ_ДРОБОВЕ ПЛУЋА ГРУДНИ_КОШ"),
    // Turkish, Greek, Vietnamese, Indonesian, Malay
    (Chest, "GÖĞÜS AKCİĞER* KALP ΘΩΡΑΚ* ΘΩΡΑΞ ΠΝΕΥΜΟΝ* ΚΑΡΔΙΑ NGỰC PHỔI DADA PARU PARU-PARU"),
    // Chinese, Japanese, Korean, Thai, Arabic, Persian, Hebrew, Hindi
    (
        Chest,
        "胸部 胸片 胸腔 胸 肺 心脏 心臓 흉부 가슴 폐 심장 ทรวงอก ปอด หน้าอก صدر الصدر رئة قفسه_سينه ריאות חזה छाती",
    ),
    // English, and what many languages share
    (
        Other,
        "ABDOMEN* ABDOMIN* ABDOME ACROMIO* AC_JOINT ACJOINT ANKLE* ARM ARMS BLADDER BREAST* BUTTOCK* CALCAN*",
    ),
    (
        Other,
        "CALF CAROTID* CERVICAL* CERVICO* CHEEK CLAVIC* COCCYX COLON CSPINE DENTAL ELBOW* ESOPHAG* EXTREMIT* EYE EYES",
    ),
    (
        Other,
        "FACIAL FEMUR* FIBULA* FINGER* FOOT FEET FOREARM* GALLBLADDER GENITAL* HAND HANDS HEAD HEEL* HIP HIPS HUMER*",
    ),
    (
        Other,
        "ILIUM INTESTIN* JAW* KIDNEY* KNEE* KUB LARYNX LEG LEGS LIMB* LIVER LSPINE LSSPINE LUMBAR* LUMBO* MANDIB*",
    ),
    (
        Other,
        "MASTOID* MAXILLA* METACARP* METATARS* MOUTH NASAL NECK NOSE ORBIT* PANCREAS PATELLA* PELVI* PHALAN* PROSTATE",
    ),
    (
        Other,
        "RADIUS RECTUM RIB RIBS RIBCAGE SACR* SCAPULA* SCOLIOSIS SELLA SESAMOID* SHOULDER* SINUS* SKULL* *SPINE SPINE*",
    ),
    (
        Other,
        "SPINAL STERNUM STERNOCLAV* STOMACH TEETH TOOTH TESTIS THIGH* THUMB* THYROID* TIBIA* TMJ TOE TOES TSPINE ULNA*",
    ),
    (Other, "UTERUS VERTEBRA* WRIST* ZYGOMA* CRANI* PHANTOM"),
    // Spanish, Portuguese
    (
        Other,
        "CADERA* RODILLA* MANO MANOS PIE PIES COLUMNA* CRÁNEO HOMBRO* CODO* MUÑECA* TOBILLO* DEDO* FÉMUR* PERONÉ HÚMERO*",
    ),
    (
        Other,
        "ANTEBRAZO* BRAZO* PIERNA* CLAVÍCULA* COSTILLA* ESTERNÓN SENOS MANDÍBULA* CUELLO MAMA* MUSLO* CABEZA EXTREMIDAD*",
    ),
    (
        Other,
        "COXIS ESCÁPULA* RÓTULA* NARIZ RAQUIS QUADRI* JOELHO* MÃO MÃOS PÉ PÉS BACIA PELVE COLUNA* CRÂNIO OMBRO*",
    ),
    (
        Other,
        "COTOVELO* PUNHO* TORNOZELO* FÊMUR ÚMERO* PERNA* COSTELA* ESTERNO SEIOS PESCOÇO CABEÇA COXA* PATELA*",
    ),
    // French, Italian
    (
        Other,
        "HANCHE* GENOU* MAIN MAINS PIED PIEDS BASSIN RACHIS COLONNE CRÂNE ÉPAULE* COUDE* POIGNET* CHEVILLE* DOIGT*",
    ),
    (
        Other,
        "ORTEIL* AVANT_BRAS BRAS JAMBE* CÔTE CÔTES MÂCHOIRE* COU SEIN SEINS CUISSE* TÊTE OMOPLATE* ROTULE* ASP VENTRE",
    ),
    (
        Other,
        "ADDOME* ANCA ANCHE GINOCCHI* MANI PIEDE PIEDI BACINO COLONNA* RACHIDE SPALL* GOMIT* POLSO POLSI CAVIGLI*",
    ),
    (
        Other,
        "DITO DITA FEMORE OMERO AVAMBRACCI* BRACCI* GAMBA GAMBE COSTE COSTATO STERNO SENI COLLO MAMMELL* COSCIA TESTA",
    ),
    // German, Dutch
    (
        Other,
        "HÜFT* KNIE* HANDGELENK* FUSS* BECKEN* WIRBEL* *WIRBELSÄULE* *WIRBELSAEULE* HWS BWS LWS SCHÄDEL* SCHULTER*",
    ),
    (
        Other,
        "ELLENBOGEN* ELLBOGEN* SPRUNGGELENK* ZEHE* OBERARM* UNTERARM* OBERSCHENKEL* UNTERSCHENKEL* SCHLÜSSELBEIN RIPPE*",
    ),
    (
        Other,
        "BRUSTBEIN NASENNEBENHÖHLE* NNH *KIEFER* HALS KOPF BEIN BEINE BAUCH STEISSBEIN KNÖCHEL FERSE* DAUMEN* MAMMA GESICHT",
    ),
    (
        Other,
        "HEUP* VOET* BEKKEN* *WERVEL* RUG SCHEDEL* SCHOUDER* ELLEBOOG* POLS POLSEN ENKEL* VINGER* TEEN TENEN BOVENARM",
    ),
    (
        Other,
        "ONDERARM BOVENBEEN ONDERBEEN SLEUTELBEEN RIBBEN BORSTBEEN SINUSSEN KAAK* NEK BUIK BOVENBUIK DUIM",
    ),
    // Swedish, Danish, Norwegian, Finnish
    (
        Other,
        "BUK HÖFT* HOFTE* KNÄ KNÆ KNE FOT FÖTTER FOD FØDDER HÅND* BÄCKEN RYGG* RYG SKALLE* KRANIUM AXEL SKULDER*",
    ),
    (
        Other,
        "ARMBÅGE ALBUE* HANDLED* FOTLED* ANKEL* TÅ TÄR REVBEN RIBBEN NYCKELBEN POLVI LONKKA VATSA SELKÄ OLKAPÄÄ",
    ),
    // Polish, Czech, Slovak
    (
        Other,
        "BIODR* KOLAN* RĘKA DŁOŃ STOPA STOPY MIEDNIC* KRĘGOSŁUP* CZASZK* BARK ŁOKIEĆ NADGARSTEK KOSTKA PALEC PALCE UDO",
    ),
    (
        Other,
        "PODUDZIE PRZEDRAMIĘ RAMIĘ OBOJCZYK ŻEBRA ŻEBRO MOSTEK ZATOKI ŻUCHWA SZYJA BRZUCH* JAMA_BRZUSZNA GŁOWA NOGA",
    ),
    (
        Other,
        "BŘICHO KYČ* KOLENO KOLENA RUKA NOHA PÁNEV PÁTEŘ LEBKA RAMENO LOKET ZÁPĚSTÍ KOTNÍK PRST* ŽEBRA CHRBTICA",
    ),
    // Russian
    (
        Other,
        "ТАЗ ТАЗА ТАЗОБЕДР* КОЛЕН* КИСТ* СТОП* ПОЗВОНО* ЧЕРЕП* ПЛЕЧ* ЛОКТ* ЛУЧЕЗАПЯСТ* ЗАПЯСТ* ГОЛЕН* ПАЛЕЦ ПАЛЬЦ*",
    ),
    (
        Other,
        "БЕДР* ПРЕДПЛЕЧ* КЛЮЧИЦ* РЕБР* ГРУДИН* ПАЗУХ* ЧЕЛЮСТ* ШЕЙН* ШЕЯ ЖИВОТ* БРЮШН* ГОЛОВ* ЛОПАТК* КОПЧИК* КРЕСТ* НОС НОСА",
    ),
    // Turkish
    (
        Other,
        "KALÇA DİZ AYAK* PELVİS OMURGA* KAFA* OMUZ* DİRSEK* BİLEK* ELBİLEĞİ PARMAK* UYLUK BACAK ÖNKOL KABURGA* ÇENE BOYUN",
    ),
    (Other, "BATIN KARIN SİNÜS*"),
    // Chinese, Japanese, Korean
    (
        Other,
        "胸椎 胸腰椎 胸骨 肋骨 腹 髋 髖 膝 手 足 骨盆 骨盤 脊柱 脊椎 颈 頸 頚 腰椎 骶 尾骨 头 頭 颅 顱 肩 肘 腕 踝 踵 指 趾",
    ),
    (Other, "股 大腿 下腿 前腕 上腕 胫 脛 腓 肱 前臂 锁骨 鎖骨 鼻 下颌 下頜 顎 四肢 盆 腿 乳腺 乳房 牙"),
    (
        Other,
        "복부 고관절 무릎 손 발 골반 척추 경추 흉추 요추 두개 머리 어깨 팔꿈치 대퇴 하퇴 상완 전완 쇄골 늑골 갈비 흉골 부비동 턱 유방",
    ),
];
