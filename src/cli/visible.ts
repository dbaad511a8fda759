/* oxlint-disable no-control-regex -- they are what it is about */
const controls = /[\u0000-\u001f\u007f-\u009f]/g;
const controlsInLines = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

const escaped = (character: string): string => {
  const short: Record<string, string> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };
  return short[character] ?? `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
};

/** Text on one line. What a service sends must not move the cursor of whoever looks at it, either. */
export const onOneVisibleLine = (text: string): string => text.replaceAll(controls, escaped);

/** Text with its own lines, and without anything else that a terminal would take for a command. */
export const visibleLines = (text: string): string =>
  text.replaceAll("\r\n", "\n").replaceAll(controlsInLines, escaped);
