import { type Random } from './random.js';

export interface PersonName {
  firstName: string;
  lastName: string;
}

interface Naming {
  /** How many of a hundred people are named like this. */
  share: number;
  first: string;
  last: string;
}

const list = (text: string): string[] => text.trim().split(/\s*,\s*/);

/** First and last names that go together. Made up of common names: nobody real is meant. */
const NAMINGS: Naming[] = [
  {
    share: 24,
    first:
      'Amelia, Oliver, Grace, Noah, Ella, Lucas, Chloe, Ethan, Ruby, Henry, Maya, Samuel, Hannah, Leo, Zoe, Isaac, Ivy, Caleb, Nora, Felix',
    last: 'Bennett, Carter, Hughes, Morgan, Ward, Fletcher, Hayes, Palmer, Reed, Shaw, Walsh, Young, Barnes, Cole, Ellis, Griffin, Harper, Marsh, Stone, Wells',
  },
  {
    share: 8,
    first: 'Aoife, Ciarán, Niamh, Seán, Róisín, Declan, Siobhán, Eoin, Orla, Fionn',
    last: "O'Brien, O'Connor, O'Neill, McCarthy, Ó Súilleabháin, Fitzgerald, Gallagher, Byrne, D'Arcy, MacDonald",
  },
  {
    share: 12,
    first: 'Sofía, José, Lucía, Andrés, Valentina, Mateo, Ximena, Diego, Inés, Joaquín, Camila, Martín, Begoña, Íñigo',
    last: 'García, Núñez, Rodríguez, Muñoz Vega, Fernández, Peña, Ibáñez, Castillo, Ramírez, Gutiérrez, Cortés, De la Cruz',
  },
  {
    share: 8,
    first: 'Zoé, François, Élodie, Jérôme, Anaïs, Loïc, Camille, Théo, Noémie, Gaël',
    last: "Lefèvre, D'Alembert, Dubois, Moreau, L'Hôpital, Garçon, Beauséjour, Mercier, Béranger, Saint-Clair",
  },
  {
    share: 7,
    first: 'Jürgen, Anna-Lena, Björn, Käthe, Søren, Åsa, Florian, Greta, Øyvind, Lukas',
    last: 'Müller, Groß, Schröder, Ångström, Jørgensen, Weiß, Köhler, Lindström, Sæther, Brandt',
  },
  {
    share: 7,
    first: 'Zofia, Łukasz, Jiří, Agnieszka, Tomáš, Stanisław, Božena, Ľubica, Marek',
    last: 'Wójcik, Dvořák, Kowalska, Černý, Żółkiewski, Novotná, Šimek, Zieliński, Horváth, Kučera',
  },
  {
    share: 6,
    first: 'Ayşe, Emre, Elif, Çağlar, İrem, Doğan, Şebnem, Oğuz',
    last: 'Yılmaz, Çelik, Öztürk, Kaya, Doğan, Şahin, Güneş, Aydın',
  },
  {
    share: 6,
    first: 'Aarav, Priya, Rohan, Ananya, Vikram, Diya, Arjun, Meera, Kabir, Lakshmi',
    last: 'Sharma, Iyer, Patel, Singh, Banerjee, Reddy, Chandrasekaran, Kaur, Das, Nair',
  },
  {
    share: 5,
    first: 'Chinwe, Kwame, Amara, Tendai, Adébáyọ̀, Nala, Thabo, Zainab, Kofi, Makena',
    last: "Okafor, Mensah, N'Diaye, Dlamini, Adéwálé, Mwangi, Abebe, Traoré, Boateng, Chukwu",
  },
  {
    share: 4,
    first: 'Omar, Layla, Yusuf, Fatima, Karim, Nour, Hassan, Salma',
    last: 'Al-Khatib, Haddad, El-Sayed, Mansour, Bin Rashid, Khoury, Al-Amin, Saleh',
  },
  {
    share: 3,
    first: 'محمد, فاطمة, يوسف, ليلى, عمر, نور',
    last: 'الخطيب, حداد, المنصور, العلي, صالح, خوري',
  },
  { share: 3, first: 'Wei, Xiu Ying, Jun, Mei Ling, Hao, Lan', last: 'Wang, Zhang, Chen, Liu, Huang, Zhao' },
  { share: 3, first: '伟, 秀英, 小明, 美玲, 浩然, 雨桐', last: '王, 李, 张, 陈, 刘, 欧阳' },
  {
    share: 4,
    first: 'Anh, Minh, Thảo, Đức, Linh, Quỳnh, Hải, Ngọc',
    last: 'Nguyễn, Trần, Lê, Phạm, Đặng, Vũ, Hoàng, Bùi',
  },
];

const POOLS = NAMINGS.map(({ share, first, last }) => ({ share, first: list(first), last: list(last) }));
const SHARES = POOLS.reduce((sum, pool) => sum + pool.share, 0);

/**
 * @returns so many names, all different but for the last two pairs: everywhere two people share a name (from ten people
 *   on), which is why lists show identifiers
 */
export function makeNames(random: Random, count: number): PersonName[] {
  const names: PersonName[] = [];
  const taken = new Set<string>();
  const namesakes = count >= 10 ? 2 : 0;
  while (names.length < count - namesakes) {
    const name = makeName(random);
    const key = `${name.firstName} ${name.lastName}`;
    // The pools hold some 1,400 combinations; a crowd beyond them has more namesakes, as crowds do.
    if (taken.has(key) && taken.size < 1200) continue;
    taken.add(key);
    names.push(name);
  }
  for (let at = 0; at < namesakes; at++) names.push({ ...names[at * 3]! });
  return names;
}

function makeName(random: Random): PersonName {
  let at = random.next() * SHARES;
  const pool = POOLS.find(({ share }) => (at -= share) < 0) ?? POOLS[0]!;
  return { firstName: random.pick(pool.first), lastName: random.pick(pool.last) };
}
