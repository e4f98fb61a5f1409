/** Pages that the device shows by itself: one shell, drawn by the server in the person's language (views/offline). */
import { keptFile } from './files.js';

export type OfflineCase =
  'offline' | 'locked' | 'saved' | 'person' | 'signed_out' | 'left' | 'unchanged' | 'unsaved' | 'network';

/**
 * @param places what fills the {places} of the case, as HTML
 * @returns the page; status 503 when what was asked for could not be done
 */
export async function offlinePage(name: OfflineCase, places: Record<string, string | number> = {}): Promise<Response> {
  const answer = await keptFile('/offline');
  if (!answer) return Response.error();
  const shell = await answer.text();
  const [, title = '', content = ''] =
    new RegExp(`<template data-case="${name}" data-title="([^"]*)">([^]*?)</template>`).exec(shell) ?? [];
  const filled = content.replace(/\{(\w+)\}/g, (whole, place: string) => String(places[place] ?? whole));
  // As functions: a name may hold what a replacement text would take for a sign.
  const html = shell
    .replace(/<title>[^<]*?( · [^<]*)?<\/title>/, (_, end = '') => `<title>${title}${end}</title>`)
    .replace(/<!--case-->[^]*?<!--\/case-->/, () => filled);
  const isDone = ['saved', 'person', 'signed_out', 'left'].includes(name);
  // With the security headers of the shell.
  return new Response(html, { status: isDone ? 200 : 503, headers: answer.headers });
}

const SIGNS: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
/** @returns the text as HTML */
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (sign) => SIGNS[sign]!);
