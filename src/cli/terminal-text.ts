import { styleText } from 'node:util'

/** Makes text that came from elsewhere safe to print: control and formatting characters could move the cursor. */
export function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, '·')
}

/** Cuts text to `width` columns, with an ellipsis where something is missing. */
export function clip(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`
}

/** Plain text in exactly `width` columns, the last of them a space. */
export function fit(text: string, width: number): string {
  return `${clip(plain(text), Math.max(1, width - 1))} `.padEnd(width)
}

/** Text in a colour, or as it is where colours are off. */
export function paint(
  style: 'red' | 'cyan' | 'dim' | 'bold',
  text: string,
  options: { readonly color?: boolean },
): string {
  return options.color && text !== '' ? styleText(style, text, { validateStream: false }) : text
}
