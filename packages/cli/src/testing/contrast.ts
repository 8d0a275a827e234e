/** A text of a page whose colour stands out too little from what is behind it. */
export interface Faint {
  readonly text: string;
  readonly ratio: number;
}

/**
 * Texts that are told from their ground by less than the ratio, and how many were looked at. Runs in the page.
 *
 * @remarks The ratio is that of WCAG 2.2, 1.4.3: 4.5 for text of ordinary size.
 */
export function faintTexts(least: number): { readonly seen: number; readonly faint: Faint[] } {
  type Colour = readonly [red: number, green: number, blue: number, alpha: number];
  const parsed = (text: string): Colour => {
    const [red = 0, green = 0, blue = 0, alpha = 1] = (text.match(/[\d.]+/g) ?? []).map(Number);
    return [red, green, blue, alpha];
  };
  const over = (top: Colour, ground: Colour): Colour => {
    const mix = (n: 0 | 1 | 2) => top[n] * top[3] + ground[n] * (1 - top[3]);
    return [mix(0), mix(1), mix(2), 1];
  };
  const groundOf = (element: Element | null): Colour => {
    if (element === null) return [255, 255, 255, 1];
    const own = parsed(getComputedStyle(element).backgroundColor);
    return own[3] === 1 ? own : over(own, groundOf(element.parentElement));
  };
  const luminance = ([red, green, blue]: Colour): number => {
    const linear = (value: number) =>
      value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4;
    return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
  };
  const faint: Faint[] = [];
  let seen = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const element = node.parentElement;
    const text = node.textContent?.trim() ?? "";
    if (element === null || text === "" || !element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const ground = groundOf(element);
    const colour = over(parsed(element.closest("svg") === null ? style.color : style.fill), ground);
    const [low = 0, high = 0] = [luminance(colour), luminance(ground)].toSorted((a, b) => a - b);
    const ratio = (high + 0.05) / (low + 0.05);
    seen++;
    if (ratio < least) faint.push({ text, ratio });
  }
  return { seen, faint };
}
