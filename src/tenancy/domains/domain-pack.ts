export const DOMAIN_TYPES = ['education', 'hospitality', 'events', 'corporate'] as const;
export type DomainType = (typeof DOMAIN_TYPES)[number];

/** What a state counts as in every figure. Labels are what people see; the category is what reports count. */
export const STATE_CATEGORIES = ['present', 'late', 'excused', 'absent', 'neutral'] as const;
export type StateCategory = (typeof STATE_CATEGORIES)[number];

export interface Term {
  one: string;
  many: string;
}
export type TermName = 'participant' | 'group' | 'session' | 'organization';

export interface PackState {
  code: string;
  label: string;
  /** Six-digit hex colour, "#1b7f4d". The text colour on it is computed. */
  color: string;
  category: StateCategory;
  /** One key that sets this state in the roll call. */
  shortcut: string;
  is_default?: boolean;
}

/** A domain is data: words, states and templates that an organization starts from. */
export interface DomainPack {
  domain: DomainType;
  label: string;
  terms: Record<TermName, Term>;
  states: PackState[];
  /** Group types offered when a group is made; the first is the default. */
  group_types: { code: string; label: string }[];
  /** Names offered for a new session. */
  session_templates: { name: string; minutes: number }[];
}
