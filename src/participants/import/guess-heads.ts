import { fold } from '../../platform/text.js';
import { type DateFormat } from './read-date.js';
import { recognise, sameColumn } from './recognise.js';

/**
 * How lists of people call their columns, beside the names of the contract: in English, French, Spanish, German and
 * Arabic; without accents, words joined by `_`. Of a field the first word that fits wins.
 */
const HEADS: Record<string, string> = {
  first_name:
    'first firstname given_name givenname forename prenom prenoms nombre nombres vorname rufname الاسم_الأول الاسم_الشخصي',
  last_name:
    'last lastname surname family_name familyname nom_de_famille nom apellido apellidos nachname familienname اسم_العائلة اللقب الكنية name',
  identifier:
    'id number no nr student_id student_number student_no pupil_number employee_id employee_number staff_number badge badge_number member_number guest_number matricule numero identifiant numero_etudiant matricula identificador numero_de_empleado nummer kennung personalnummer matrikelnummer schulernummer mitgliedsnummer الرقم المعرف رقم_الطالب رقم_الموظف',
  date_of_birth:
    'birthday birth_date birthdate dob date_de_naissance naissance fecha_de_nacimiento nacimiento geburtsdatum geb_datum gebdatum geburtstag geboren_am geb تاريخ_الميلاد',
  email:
    'mail email_address e_mail_address courriel adresse_e_mail adresse_mail adresse_electronique correo correo_electronico e_mail_adresse mailadresse emailadresse البريد_الإلكتروني البريد',
  phone:
    'phone_number telephone mobile mobile_phone cell tel telefono movil portable telefon handy telefonnummer mobiltelefon الهاتف رقم_الهاتف الجوال',
  group:
    'class classroom course section team department room groupe classe equipe departement salle grupo clase equipo departamento sala gruppe klasse kurs abteilung raum الصف الفصل المجموعة القسم الفريق',
};

/** How dates are written where a column of birthdays is called so, for when day and month could be either. */
const DATES: Record<string, DateFormat> = {
  date_de_naissance: 'DD/MM/YYYY',
  naissance: 'DD/MM/YYYY',
  fecha_de_nacimiento: 'DD/MM/YYYY',
  nacimiento: 'DD/MM/YYYY',
  geburtsdatum: 'DD.MM.YYYY',
  geburtstag: 'DD.MM.YYYY',
  تاريخ_الميلاد: 'DD/MM/YYYY',
};

/** @returns how the language of this column's name writes dates; null when the name does not tell */
export function formatByName(header: string): DateFormat | null {
  const word = Object.keys(DATES).find((each) => plain(each) === plain(header));
  return word ? DATES[word]! : null;
}

const plain = (header: string): string => sameColumn(fold(header.replace(/[.:*]/g, '')));

/**
 * Where the columns of a list of people go that are called otherwise than the contract calls them. It is for people, who
 * see it before anything is imported; programs say themselves where their columns go.
 * @returns null when there is nothing to guess, or it would not make a list of people
 */
export function guessOf(header: string[]): { kind: 'participants'; mapping: Record<string, string> } | null {
  const { kind } = recognise(header);
  if (kind !== 'unknown' && kind !== 'participants') return null;
  const mapping = guessedMapping(header);
  const known = (field: string) => header.some((name) => sameColumn(name) === field);
  const isList = ['first_name', 'last_name'].every((field) => known(field) || Object.values(mapping).includes(field));
  return isList && Object.keys(mapping).length > 0 ? { kind: 'participants', mapping } : null;
}

function guessedMapping(header: string[]): Record<string, string> {
  const mapping: Record<string, string> = {};
  for (const [field, words] of Object.entries(HEADS)) {
    if (header.some((name) => sameColumn(name) === field)) continue;
    for (const word of words.split(' ')) {
      const name = header.find((each) => plain(each) === plain(word) && !Object.hasOwn(mapping, each));
      if (name === undefined) continue;
      mapping[name] = field;
      break;
    }
  }
  return mapping;
}
