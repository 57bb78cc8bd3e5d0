// The whole script of the page people keep: it is built into one file, and that into the page.
import { startDropfile } from "./forms.js";
import { start } from "./verify.js";

document.querySelectorAll('[data-island="dropfile"]').forEach(startDropfile);
document.querySelectorAll('[data-island="verify"]').forEach(start);
