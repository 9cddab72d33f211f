// In place of sanitize-html (250 kB): labels on our pages are plain text.
const entities = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
export default function plainText(text) {
  return text.replace(/[&<>"]/g, (character) => entities[character]);
}
plainText.defaults = { allowedTags: [], allowedAttributes: {} };
