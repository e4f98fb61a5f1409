/** Black or white: what text can be on a colour. */
export type Ink = '#000000' | '#ffffff';

/** Relative luminance of "#rrggbb". @see WCAG 2.2 */
function luminanceOf(color: string): number {
  const channel = (at: number) => {
    const value = parseInt(color.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
}

/**
 * How well text can be read on a background: from 1 (not at all) to 21. 4.5 is enough for text.
 * @see WCAG 2.2, contrast ratio
 */
export function contrastOn(background: string, ink: string): number {
  const [dark, light] = [luminanceOf(background), luminanceOf(ink)].sort((a, b) => a - b) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

/** The readable text colour on a background "#rrggbb": whichever has the higher contrast, which is never below 4.5. */
export const inkOn = (color: string): Ink =>
  contrastOn(color, '#ffffff') >= contrastOn(color, '#000000') ? '#ffffff' : '#000000';
