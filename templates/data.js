// What the page knows: the data embedded in it, and the threshold of each network that the reader has chosen.
const report = (() => {
  const text = (id) => document.getElementById(id)?.textContent.trim() ?? "";
  const about = JSON.parse(text("about"));
  const [head, ...lines] = text("predictions").split("\n").map((line) => line.split(","));
  const scored = head.slice(4); // after row, split, label and group
  // One entry for each scored row; `scores` has null where a model was not measured.
  const predictions = lines.map(([row, split, label, group, ...values]) => ({
    row: +row, split, label: +label, group: +group,
    scores: Object.fromEntries(scored.map((name, place) => [name, values[place] === "" ? null : +values[place]])),
  }));
  const networks = about.networks.filter((network) => scored.includes(network.name)); // {name, title}
  let thresholds = Object.fromEntries(networks.map(({ name }) => [name, about.threshold]));
  const listeners = [];
  return {
    about, predictions, networks,
    get thresholds() { return thresholds; },
    set thresholds(values) { thresholds = values; listeners.forEach((listener) => listener()); },
    onThresholds(listener) { listeners.push(listener); },
    // Makes elements of trusted markup; text from data goes in by textContent only.
    element(markup) { const box = document.createElement("template"); box.innerHTML = markup.trim(); return box.content.firstElementChild; },
  };
})();
