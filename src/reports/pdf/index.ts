export { type Pdf } from './document.js';
export { type Look } from './look.js';
export { renderPdf } from './report.js';
export { MOST_CELLS, TooLongForPdf } from './table.js';
export { attendanceCertificate, type AttendanceCertificate } from './certificate.js';
export { signedOffRegister, type SignedOffRegister } from './register.js';
