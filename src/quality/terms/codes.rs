//! Codes of DICOM's context groups (PS3.16): a view or a body part by its SNOMED CT code and by the SRT code of
//! editions before 2017.

use super::{
    Part::{self, Chest, Other},
    View::{self, Axial, Frontal, Lateral, Oblique, Special},
};

/// CID 4010, DX View; and of CID 4011, DX View Modifier, those that make another view of it.
#[rustfmt::skip]
pub(super) const VIEWS: &[(View, &str, &str)] = &[
    (Oblique, "399312000", "R-10208"), // antero-posterior oblique
    (Oblique, "399160007", "R-10204"), // frontal oblique
    (Oblique, "399132005", "R-10252"), // frontal-oblique axial
    (Oblique, "260427002", "R-40783"), // lateral oblique
    (Oblique, "399099002", "R-10230"), // latero-medial oblique
    (Oblique, "399135007", "R-10220"), // left anterior oblique
    (Oblique, "399184004", "R-10238"), // left oblique
    (Oblique, "399006002", "R-10212"), // left posterior oblique
    (Oblique, "260426006", "R-40782"), // medial oblique
    (Oblique, "399368009", "R-10226"), // medio-lateral oblique
    (Oblique, "399182000", "R-102C1"), // oblique
    (Oblique, "399004004", "R-10246"), // oblique axial
    (Oblique, "399225005", "R-10250"), // oblique caudo-cranial
    (Oblique, "399288005", "R-10248"), // oblique cranio-caudal
    (Oblique, "399059000", "R-10216"), // postero-anterior oblique
    (Oblique, "399356000", "R-40985"), // right anterior oblique
    (Oblique, "399236003", "R-10234"), // right oblique
    (Oblique, "399038007", "R-10210"), // right posterior oblique
    (Oblique, "399325008", "R-10254"), // sagittal-oblique axial
    (Axial, "399061009", "R-10241"), // axial
    (Lateral, "399067008", "R-102CD"), // lateral
    (Lateral, "399352003", "R-10228"), // lateral-medial
    (Lateral, "399173006", "R-10236"), // left lateral
    (Lateral, "399260004", "R-10224"), // medial-lateral
    (Lateral, "399198007", "R-10232"), // right lateral
    (Lateral, "30730003", "G-A145"), // Sagittal
    (Special, "399242004", "R-102C6"), // acanthioparietal
    (Special, "399196006", "R-10244"), // caudo-cranial
    (Special, "399162004", "R-10242"), // cranio-caudal
    (Special, "399335002", "R-102C4"), // dorsoplantar
    (Special, "260499007", "R-40810"), // Occlusal projection
    (Special, "399351005", "R-102C7"), // orbitoparietal
    (Special, "399316002", "R-102C8"), // parieto-orbital
    (Special, "399272005", "R-102C5"), // parietoacanthial
    (Special, "399071006", "R-102C3"), // plantodorsal
    (Special, "399255003", "R-10256"), // submentovertical
    (Special, "399110001", "R-102C2"), // tangential
    (Special, "399360002", "R-10257"), // verticosubmental
    (Frontal, "399348003", "R-10206"), // antero-posterior
    (Frontal, "399033003", "R-10202"), // frontal
    (Frontal, "272479007", "R-40888"), // postero-anterior
    (Lateral, "111069", ""), // Crosstable
    (Lateral, "272476000", "R-40885"), // transthoracic
];

/// CID 4009, DX Anatomy Imaged, and the codes of the chest that stand in for its own. Whole body, trachea, larynx and
/// oesophagus are left out: their films may show the chest.
#[rustfmt::skip]
pub(super) const PARTS: &[(Part, &str, &str)] = &[
    (Chest, "86598002", "T-280A0"), // Apex of Lung
    (Chest, "955009", "T-26000"), // Bronchus
    (Chest, "816094009", ""), // Chest
    (Chest, "416550000", "R-FAB55"), // Chest and Abdomen
    (Chest, "416775004", "R-FAB56"), // Chest, Abdomen and Pelvis
    (Chest, "302551006", ""), // Entire chest
    (Chest, "80891009", "T-32000"), // Heart
    (Chest, "39607008", "T-28000"), // Lung
    (Chest, "72410000", "T-D3300"), // Mediastinum
    (Chest, "417437006", "R-FAB52"), // Neck and Chest
    (Chest, "416152001", "R-FAB53"), // Neck, Chest and Abdomen
    (Chest, "416319003", "R-FAB54"), // Neck, Chest, Abdomen and Pelvis
    (Chest, "43799004", "T-D3050"), // Thoracic cavity
    (Chest, "51185008", "T-D3000"), // Thorax
    (Other, "818981001", ""), // Abdomen
    (Other, "818982008", ""), // Abdomen and Pelvis
    (Other, "85856004", "T-15420"), // Acromioclavicular joint
    (Other, "70258002", "T-15750"), // Ankle joint
    (Other, "53505006", "T-59900"), // Anus
    (Other, "28273000", "T-60610"), // Bile duct
    (Other, "34707002", "T-60600"), // Biliary tract
    (Other, "89837001", "T-74000"), // Bladder
    (Other, "72001000", "T-12700"), // Bone of lower limb
    (Other, "371195002", "T-D0821"), // Bone of upper limb
    (Other, "76752008", "T-04000"), // Breast
    (Other, "80144004", "T-12770"), // Calcaneus
    (Other, "122494005", "T-11501"), // Cervical spine
    (Other, "1217257000", ""), // Cervico-thoracic spine
    (Other, "51299004", "T-12310"), // Clavicle
    (Other, "64688005", "T-11BF0"), // Coccyx
    (Other, "71854001", "T-59300"), // Colon
    (Other, "79741001", "T-64500"), // Common bile duct
    (Other, "38848004", "T-58200"), // Duodenum
    (Other, "16953009", "T-15430"), // Elbow joint
    (Other, "110861005", "T-DD163"), // Esophagus, stomach and duodenum
    (Other, "66019005", "T-D0300"), // Extremity
    (Other, "81745001", "T-AA000"), // Eye
    (Other, "371398005", "T-D0801"), // Eye region
    (Other, "91397008", "T-11196"), // Facial bones
    (Other, "71341001", "T-12710"), // Femur
    (Other, "87342007", "T-12750"), // Fibula
    (Other, "7569003", "T-D8800"), // Finger
    (Other, "56459004", "T-D9700"), // Foot
    (Other, "14975008", "T-D8500"), // Forearm
    (Other, "28231008", "T-63000"), // Gallbladder
    (Other, "85562004", "T-D8700"), // Hand
    (Other, "69536005", "T-D1100"), // Head
    (Other, "774007", "T-D1000"), // Head and Neck
    (Other, "29836001", "T-D2500"), // Hip
    (Other, "24136001", "T-15710"), // Hip joint
    (Other, "85050009", "T-12410"), // Humerus
    (Other, "34516001", "T-58600"), // Ileum
    (Other, "22356005", "T-12340"), // Ilium
    (Other, "361078006", "T-AB959"), // Internal Auditory Canal
    (Other, "661005", "T-D1213"), // Jaw region
    (Other, "21306003", "T-58400"), // Jejunum
    (Other, "72696002", "T-D9200"), // Knee
    (Other, "14742008", "T-59000"), // Large intestine
    (Other, "303270005", "T-50007"), // Liver and biliary structure
    (Other, "30021000", "T-D9400"), // Lower leg
    (Other, "61685007", "T-D9000"), // Lower limb
    (Other, "122496007", "T-11503"), // Lumbar spine
    (Other, "1217253001", ""), // Lumbo-sacral spine
    (Other, "91609006", "T-11180"), // Mandible
    (Other, "59066005", "T-11133"), // Mastoid bone
    (Other, "70925003", "T-11170"), // Maxilla
    (Other, "102292000", "T-14668"), // Muscle of lower limb
    (Other, "30608006", "T-13600"), // Muscle of upper limb
    (Other, "74386004", "T-11149"), // Nasal bone
    (Other, "45048000", "T-D1600"), // Neck
    (Other, "55024004", "T-11102"), // Optic canal
    (Other, "363654007", "T-D14AE"), // Orbital structure
    (Other, "15776009", "T-65000"), // Pancreas
    (Other, "69930009", "T-65010"), // Pancreatic duct
    (Other, "110621006", "T-65600"), // Pancreatic duct and bile duct systems
    (Other, "2095001", "T-22000"), // Paranasal sinus
    (Other, "45289007", "T-61100"), // Parotid gland
    (Other, "64234005", "T-12730"), // Patella
    (Other, "816092008", ""), // Pelvis
    (Other, "1231522001", ""), // Pelvis and lower extremities
    (Other, "706342009", "R-FE0C7"), // Phantom
    (Other, "41216001", "T-92000"), // Prostate
    (Other, "34402009", "T-59600"), // Rectum
    (Other, "113197003", "T-11300"), // Rib
    (Other, "1217254007", ""), // Sacro-coccygeal Spine
    (Other, "39723000", "T-15680"), // Sacroiliac joint
    (Other, "54735007", "T-11AD0"), // Sacrum
    (Other, "79601000", "T-12280"), // Scapula
    (Other, "42575006", "T-D1460"), // Sella turcica
    (Other, "58742003", "T-12980"), // Sesamoid bones of foot
    (Other, "16982005", "T-D2220"), // Shoulder
    (Other, "89546000", "T-11100"), // Skull
    (Other, "30315005", "T-58000"), // Small intestine
    (Other, "421060004", "T-D04FF"), // Spine
    (Other, "7844006", "T-15610"), // Sternoclavicular joint
    (Other, "56873002", "T-11210"), // Sternum
    (Other, "69695003", "T-57000"), // Stomach
    (Other, "54019009", "T-61300"), // Submandibular gland
    (Other, "27949001", "T-15770"), // Tarsal joint
    (Other, "53620006", "T-15290"), // Temporomandibular joint
    (Other, "68367000", "T-D9100"), // Thigh
    (Other, "122495006", "T-11502"), // Thoracic spine
    (Other, "1217256009", ""), // Thoraco-lumbar spine
    (Other, "76505004", "T-D8810"), // Thumb
    (Other, "29707007", "T-D9800"), // Toe
    (Other, "40983000", "T-D8200"), // Upper arm
    (Other, "53120007", "T-D8000"), // Upper limb
    (Other, "431491007", "T-7000B"), // Upper urinary tract
    (Other, "87953007", "T-73000"), // Ureter
    (Other, "13648007", "T-75000"), // Urethra
    (Other, "110639002", "T-88920"), // Uterus and fallopian tubes
    (Other, "110517009", "T-11011"), // Vertebral column and cranium
    (Other, "74670003", "T-15460"), // Wrist joint
    (Other, "13881006", "T-11166"), // Zygoma
];
