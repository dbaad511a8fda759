/** Why the bytes are no MessagePack value that may be decoded; undefined where they may. */
export type ClaimProblem = string | undefined;

/**
 * Walks the headers of a MessagePack value, without making anything of it.
 *
 * A decoder reserves an array for the length that its header claims, before an element was read: five bytes claim four
 * thousand million elements, and a thousand such headers may stand within each other. Each element takes a byte at
 * least, so here all that is claimed at any moment must fit into the bytes that are left.
 */
export function claimProblem(data: Uint8Array, maxDepth: number): ClaimProblem {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  /** Elements that are still to come, of each container that is open. */
  const open: number[] = [];
  let owed = 1;
  let at = 0;
  while (owed > 0) {
    if (owed > data.byteLength - at) return cut;
    owed--;
    const head = headerAt(view, at);
    if (head === undefined) return cut;
    at += head.bytes;
    if (at > data.byteLength) return cut;
    if (open.length > 0) open.push((open.pop() ?? 1) - 1);
    if (head.elements > 0) {
      owed += head.elements;
      open.push(head.elements);
      if (open.length > maxDepth) return `it is nested deeper than maxDepth (${maxDepth})`;
    }
    while (open.at(-1) === 0) open.pop();
  }
  return undefined;
}

const cut = "it claims more than it holds";

interface Header {
  /** Of the header itself and, where it is no container, its content. */
  readonly bytes: number;
  /** Values that follow as its content: two for each pair of a map. */
  readonly elements: number;
}

const leaf = (bytes: number): Header => ({ bytes, elements: 0 });

// Bytes of nil, false, true, the numbers and the fixed extensions by their first byte, from 0xc0; see headerAt.
const fixedBytes: Readonly<Record<number, number>> = {
  0xc0: 1,
  0xc2: 1,
  0xc3: 1,
  0xca: 5,
  0xcb: 9,
  0xcc: 2,
  0xcd: 3,
  0xce: 5,
  0xcf: 9,
  0xd0: 2,
  0xd1: 3,
  0xd2: 5,
  0xd3: 9,
  0xd4: 3,
  0xd5: 4,
  0xd6: 6,
  0xd7: 10,
  0xd8: 18,
};

function headerAt(view: DataView, at: number): Header | undefined {
  const first = view.getUint8(at);
  if (first < 0x80 || first >= 0xe0) return leaf(1);
  if (first < 0x90) return { bytes: 1, elements: 2 * (first & 0x0f) };
  if (first < 0xa0) return { bytes: 1, elements: first & 0x0f };
  if (first < 0xc0) return leaf(1 + (first & 0x1f));
  const fixed = fixedBytes[first];
  if (fixed !== undefined) return leaf(fixed);
  // bin and str 8 to 32, ext 8 to 32, array and map 16 and 32. 0xc1 stands for nothing; the decoder says so.
  if (first === 0xc1) return leaf(1);
  const width = widthOf(first);
  if (at + 1 + width > view.byteLength) return undefined;
  const length = width === 1 ? view.getUint8(at + 1) : width === 2 ? view.getUint16(at + 1) : view.getUint32(at + 1);
  if (first >= 0xde) return { bytes: 1 + width, elements: 2 * length };
  if (first >= 0xdc) return { bytes: 1 + width, elements: length };
  const isExtension = first >= 0xc7 && first <= 0xc9;
  return leaf(1 + width + (isExtension ? 1 : 0) + length);
}

function widthOf(first: number): 1 | 2 | 4 {
  switch (first) {
    case 0xc4:
    case 0xc7:
    case 0xd9:
      return 1;
    case 0xc5:
    case 0xc8:
    case 0xda:
    case 0xdc:
    case 0xde:
      return 2;
    default:
      return 4;
  }
}
