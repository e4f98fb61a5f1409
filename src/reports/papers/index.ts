import { certificate } from './certificate.js';
import { type Paper } from './paper.js';
import { register } from './register.js';

export { type Paper } from './paper.js';

/** What is printed beside the reports, each in a form of its own. */
export const PAPERS: Paper[] = [certificate, register];
