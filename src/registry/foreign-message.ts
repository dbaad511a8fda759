/** As long as this, what a message and a value have in common is a part of the value and no accident. */
const partLength = 4;

/**
 * What a schema of another library says of a value, without the value: valibot's messages quote it, and a check of a
 * user's own may quote a part of it. Undefined where the message cannot be told apart from the value.
 */
export function messageWithout(value: string, message: string): string | undefined {
  // What was received comes last, where it comes at all ("… but received 5"), also after a conversion.
  const expected = message.replace(/,?\s*(?:but\s+)?(?:received|got)\b.*$/is, "").replace(/[\s:;,]+$/, "");
  if (expected === "" || holdsPartOf(expected.toLowerCase(), value.trim().toLowerCase())) return undefined;
  return expected;
}

function holdsPartOf(text: string, value: string): boolean {
  if (value.length < partLength)
    return wordsOf(value).length > 1 ? text.includes(value) : wordsOf(text).includes(value);
  for (let start = 0; start + partLength <= value.length; start++) {
    if (text.includes(value.slice(start, start + partLength))) return true;
  }
  return false;
}

// So that a value of 1 is no part of "at least 10".
const wordsOf = (text: string): string[] => text.split(/[^\p{L}\p{N}_-]+/u);
