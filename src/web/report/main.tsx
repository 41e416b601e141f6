import "./usable-language.js";
import { render } from "preact";
import type { ReportData } from "../data/report-data.js";
import { App } from "./app.js";
import { detailReader } from "./details.js";

const page = document.getElementById("page");
if (page) {
  // The page and the data in it are written by one program, in one go.
  const data: ReportData = JSON.parse(textOf("report"));
  render(<App data={data} details={detailReader((index) => textOf(`chunk-${index}`))} />, page);
}

function textOf(id: string): string {
  return document.getElementById(id)?.textContent ?? "";
}
