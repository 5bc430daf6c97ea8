/**
 * What is on a page, to take away: CSV as Chinese Excel opens it, and XLSX. Text stays text: no cell becomes a formula.
 *
 * XLSX is a ZIP of a few XML parts (ECMA-376); nothing is compressed, so no library is needed.
 */

import { concatBytes, textBytes } from "./bytes";

export type Cell = string | number | null;

/** As the server writes tables: what begins as a formula gets an apostrophe in front. */
const FORMULA = /^'*[=+\-@\t\r＝＋－＠]/;
/** XML has no way to write these. */
const NOT_XML = /[\x00-\x08\x0b\x0c\x0e-\x1f]/g;

export function csvOf(header: string[], rows: Cell[][]): string {
  return `\ufeff${[header, ...rows].map((row) => row.map(csvCell).join(",")).join("\r\n")}\r\n`;
}

function csvCell(cell: Cell): string {
  if (typeof cell !== "string") return cell === null ? "" : `${cell}`;
  const text = FORMULA.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
}

export function xlsxOf(sheetName: string, header: string[], rows: Cell[][]): Uint8Array {
  const type = "application/vnd.openxmlformats-officedocument.spreadsheetml";
  const office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
  const relation = "http://schemas.openxmlformats.org/package/2006/relationships";
  const main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
  // A sheet's name has at most 31 characters and none of these.
  const name = escaped(sheetName.replace(/[[\]:*?/\\]/g, " ").slice(0, 31));
  const lines = [header, ...rows].map((row, i) => `<row r="${i + 1}">${row.map(xlsxCell).join("")}</row>`);
  return zipOf({
    "[Content_Types].xml":
      `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">` +
      `<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
      `<Override PartName="/xl/workbook.xml" ContentType="${type}.sheet.main+xml"/>` +
      `<Override PartName="/xl/worksheets/sheet1.xml" ContentType="${type}.worksheet+xml"/></Types>`,
    "_rels/.rels": `<Relationships xmlns="${relation}"><Relationship Id="r1" Type="${office}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
    "xl/workbook.xml": `<workbook xmlns="${main}" xmlns:r="${office}"><sheets><sheet name="${name}" sheetId="1" r:id="r1"/></sheets></workbook>`,
    "xl/_rels/workbook.xml.rels": `<Relationships xmlns="${relation}"><Relationship Id="r1" Type="${office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`,
    "xl/worksheets/sheet1.xml": `<worksheet xmlns="${main}"><sheetData>${lines.join("")}</sheetData></worksheet>`,
  });
}

function xlsxCell(cell: Cell): string {
  if (cell === null) return "<c/>";
  if (typeof cell === "number") return `<c><v>${cell}</v></c>`;
  return `<c t="inlineStr"><is><t xml:space="preserve">${escaped(cell)}</t></is></c>`;
}

function escaped(text: string): string {
  const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return text.replace(NOT_XML, "").replace(/[&<>"]/g, (character) => entities[character]!);
}

/** Hands a file to the browser's downloads. */
export function save(name: string, content: BlobPart, type: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

export function saveTable(name: string, kind: "csv" | "xlsx", header: string[], rows: Cell[][]): void {
  if (kind === "csv") return save(`${name}.csv`, csvOf(header, rows), "text/csv;charset=utf-8");
  const type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
  save(`${name}.xlsx`, new Uint8Array(xlsxOf(name, header, rows)), type);
}

// ---------------------------------------------------------------- ZIP (PKWARE APPNOTE 4.3), stored

const CRC_TABLE = Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value >>> 0;
});

export function crc32(bytes: Uint8Array): number {
  let value = 0xffffffff;
  for (const byte of bytes) value = (value >>> 8) ^ CRC_TABLE[(value ^ byte) & 0xff]!;
  return (value ^ 0xffffffff) >>> 0;
}

function zipOf(files: Record<string, string>): Uint8Array {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const [path, content] of Object.entries(files)) {
    const name = textBytes(path);
    const data = textBytes(`<?xml version="1.0" encoding="UTF-8" standalone="yes"?>${content}`);
    // Version 2.0, names in UTF-8, stored, 1980-01-01.
    const facts = numbers([20, 2], [0x800, 2], [0, 2], [0, 2], [0x21, 2], [crc32(data), 4], [data.length, 4], [data.length, 4], [name.length, 2]);
    parts.push(numbers([0x04034b50, 4]), facts, numbers([0, 2]), name, data);
    directory.push(numbers([0x02014b50, 4], [20, 2]), facts, numbers([0, 2], [0, 2], [0, 2], [0, 2], [0, 4], [offset, 4]), name);
    offset += 30 + name.length + data.length;
  }
  const index = concatBytes(...directory);
  const count = Object.keys(files).length;
  const end = numbers([0x06054b50, 4], [0, 2], [0, 2], [count, 2], [count, 2], [index.length, 4], [offset, 4], [0, 2]);
  return concatBytes(...parts, index, end);
}

/** Little-endian, each of so many bytes. */
function numbers(...values: [value: number, bytes: number][]): Uint8Array {
  return new Uint8Array(values.flatMap(([value, bytes]) => Array.from({ length: bytes }, (_, i) => (value >>> (8 * i)) & 0xff)));
}
