const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

const escaped = (raw: string): string => raw.replaceAll(/[&<>"]/g, (letter) => entities[letter] ?? letter);

type Attributes = Readonly<Record<string, string | number | undefined>>;

/** An element of SVG. Numbers are rounded to hundredths; an attribute that is undefined is left out. */
export function element(name: string, attributes: Attributes, content: readonly string[] = []): string {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${typeof value === "number" ? Number(value.toFixed(2)) : escaped(String(value))}"`)
    .join("");
  return content.length === 0 ? `<${name}${written}/>` : `<${name}${written}>${content.join("")}</${name}>`;
}

/** A line of text. Sizes are pixels. */
export function text(x: number, y: number, content: string, more: Attributes = {}): string {
  return element("text", { x, y, "font-size": 12, fill: ink.text, ...more }, [escaped(content)]);
}

/** The colours of the charts: dark on light whatever the page behind, and apart without red against green. */
export const ink = {
  paper: "#ffffff",
  panel: "#f7f8fa",
  text: "#1c2430",
  quiet: "#5b6675",
  grid: "#d9dee5",
  fault: "#fbe3cf",
  hawser: "#0b6e99",
  other: "#b4481e",
  reference: "#9fb6c4",
} as const;

/** A whole picture, with its own background. */
export function picture(width: number, height: number, title: string, content: readonly string[]): string {
  const svg = element(
    "svg",
    {
      xmlns: "http://www.w3.org/2000/svg",
      width,
      height,
      viewBox: `0 0 ${width} ${height}`,
      role: "img",
      "font-family": "system-ui, 'Segoe UI', 'DejaVu Sans', Helvetica, Arial, sans-serif",
    },
    [element("title", {}, [escaped(title)]), element("rect", { width, height, fill: ink.paper }), ...content],
  );
  // One element a line: a run that changes a figure changes a line.
  return `${svg.replaceAll(/(?<=>)(?=<(?!\/text|\/title))/g, "\n")}\n`;
}
