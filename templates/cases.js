// Every test image with all networks side by side: sorted, filtered and enlarged. The words are explained in
// lesion/report/embedded/judged.py, what is embedded in lesion/report/embedded/case_pictures.py.
(() => {
  const source = document.getElementById("case-pictures");
  if (!source) return; // no image was explained
  const [form, list, status, more, dialog] = ["tools", "list", "status", "more", "zoom"].map((name) => document.getElementById(`case-${name}`));
  const heading = document.getElementById("cases-title");
  const FIRST = 12, MORE = 24, PAUSE = 150; // cards; milliseconds in which the thresholds must rest
  const blank = list.firstElementChild.cloneNode(true);
  const names = report.networks.map(({ name }) => name);

  // Read when they are first needed: a page of thousands of images opens at once.
  let content;
  function embedded() {
    if (content) return content;
    const { classes, factors, maps: sizes, agreement, unlike, cases } = JSON.parse(source.textContent);
    const predictions = new Map(report.predictions.filter(({ split }) => split === "test").map((line) => [line.row, line]));
    const mapped = Object.keys(sizes);
    const images = cases.map(([row, thumbnail, outline, levels, maps, estimated]) => ({
      ...predictions.get(row), thumbnail, outline, levels, estimated,
      maps: Object.fromEntries(maps.map(([fields, peak, malignant, energy], place) => [mapped[place], { fields, peak, malignant, energy }])),
    }));
    content = { classes, factors, sizes, agreement, unlike, images, byRow: new Map(images.map((image) => [image.row, image])) };
    return content;
  }

  // --- judging, sorting, filtering ------------------------------------------------------------------
  // One verdict for each network that has a score.
  function judge({ scores, label }) {
    return names.filter((name) => scores[name] !== null).map((name) => {
      const malignant = scores[name] >= report.thresholds[name];
      return { name, score: scores[name], malignant, wrong: malignant !== (label === 1), distance: Math.abs(scores[name] - report.thresholds[name]) };
    });
  }
  const errors = (verdicts) => verdicts.filter(({ wrong }) => wrong);
  const surest = (verdicts) => Math.max(0, ...errors(verdicts).map(({ distance }) => distance));
  const located = ({ maps }) => Object.values(maps).filter(({ fields, energy }) => fields && energy !== null);
  const SORTS = { // what sorts first is smallest
    wrong: (verdicts) => [-errors(verdicts).length, -surest(verdicts)],
    disagreement: (verdicts) => [Math.min(...verdicts.map(({ score }) => score)) - Math.max(...verdicts.map(({ score }) => score))],
    surest: (verdicts) => [-surest(verdicts)],
    nearest: (verdicts) => [Math.min(...verdicts.map(({ distance }) => distance))],
    beside: (verdicts, image) => [Math.min(2, ...located(image).map(({ energy }) => energy))], // 2: nothing is known
    row: () => [],
  };
  const GROUPS = {
    all: () => true,
    any: (verdicts) => verdicts.some(({ wrong }) => wrong),
    every: (verdicts) => verdicts.length > 0 && verdicts.every(({ wrong }) => wrong),
    differ: (verdicts) => new Set(verdicts.map(({ malignant }) => malignant)).size > 1,
  };
  const OUTCOMES = { missed: [1, false], "false-alarm": [0, true], found: [1, true], "left-alone": [0, false] }; // label, called malignant

  function isShown(image, verdicts) {
    const { show, label, level } = form.elements;
    const [outcome, network] = show.value.split(":");
    const [factor, place] = (level?.value ?? "").split(":");
    const [wanted, malignant] = OUTCOMES[outcome] ?? [];
    const judged = network
      ? image.label === wanted && verdicts.some((verdict) => verdict.name === network && verdict.malignant === malignant)
      : GROUPS[outcome](verdicts);
    return judged && (label.value === "" || image.label === +label.value) && (!factor || image.levels[factor] === +place);
  }

  function choose() {
    const key = SORTS[form.elements.sort.value];
    return embedded().images.map((image) => ({ image, verdicts: judge(image) }))
      .filter(({ image, verdicts }) => isShown(image, verdicts))
      .map(({ image, verdicts }) => ({ image, key: [...key(verdicts, image), image.row] }))
      .sort((a, b) => a.key.map((value, place) => value - b.key[place]).find((difference) => difference) ?? 0)
      .map(({ image }) => image);
  }

  // --- cards ----------------------------------------------------------------------------------------
  const crc = (bytes) => ~bytes.reduce((value, byte) => {
    let rest = (value ^ byte) & 255;
    for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? rest >>> 1 ^ 0xedb88320 : rest >>> 1;
    return value >>> 8 ^ rest;
  }, -1);
  const word = (value) => [value >>> 24, value >>> 16 & 255, value >>> 8 & 255, value & 255];
  const chunk = (name, data) => {
    const bytes = [...name].map((letter) => letter.charCodeAt(0)).concat(data);
    return [...word(data.length), ...bytes, ...word(crc(bytes))];
  };
  // A map as a PNG of black whose opacity is the evidence, stored without compression (W3C, PNG; RFC 1950 and 1951).
  // A canvas would be shorter, but browsers that hide from trackers change what is read from it.
  function mask(fields, [height, width]) {
    const values = atob(fields), rows = [];
    for (let y = 0; y < height; y++) {
      rows.push(0); // the row is not filtered
      for (let x = 0; x < width; x++) rows.push(0, values.charCodeAt(y * width + x));
    }
    let low = 1, high = 0;
    for (const byte of rows) { low = (low + byte) % 65521; high = (high + low) % 65521; }
    const size = [rows.length & 255, rows.length >>> 8];
    const data = [0x78, 1, 1, ...size, ...size.map((byte) => 255 - byte), ...rows, ...word((high << 16 | low) >>> 0)];
    const png = [137, 80, 78, 71, 13, 10, 26, 10, ...chunk("IHDR", [...word(width), ...word(height), 8, 4, 0, 0, 0]), ...chunk("IDAT", data), ...chunk("IEND", [])];
    return `url(data:image/png;base64,${btoa(String.fromCharCode(...png))})`;
  }

  const counted = (amount) => `${amount.toLocaleString("en")} image${amount === 1 ? "" : "s"}`;
  const title = ({ label, row }) => `${embedded().classes[label]} · image ${row}`;

  function card(image) {
    const box = blank.cloneNode(true), photograph = `data:image/webp;base64,${image.thumbnail}`;
    const [header, link, picture] = ["h3", "h3 a", "img"].map((name) => box.querySelector(name));
    box.id = `case-${image.row}`;
    header.id = `title-${image.row}`;
    box.setAttribute("aria-labelledby", header.id);
    box.style.setProperty("--p", `url(${photograph})`);
    link.textContent = title(image);
    link.href = `#${box.id}`;
    picture.src = photograph;
    picture.alt = `Image ${image.row}, ${embedded().classes[image.label]}`;
    for (const outline of box.querySelectorAll(".outline")) {
      outline.classList.toggle("estimated", Boolean(image.estimated));
      outline.firstElementChild.setAttribute("d", image.outline);
    }
    const verdicts = judge(image);
    for (const name of names) fill(box, name, verdicts.find((verdict) => verdict.name === name), image.maps[name]);
    return box;
  }

  // One network's part of a card; without a map or a verdict if there is none.
  function fill(box, name, verdict, map) {
    const [place, mark, limit] = ["network", "mark", "limit"].map((kind) => box.querySelector(`[data-${kind}="${name}"]`));
    const [score, words] = ["[data-score]", ".verdict"].map((selector) => place.querySelector(selector));
    score.textContent = verdict?.score.toFixed(3) ?? "no score";
    score.dataset.value = verdict?.score ?? "";
    words.textContent = verdict ? verdict.wrong ? "wrong" : "right" : "";
    words.className = `verdict ${words.textContent}`;
    mark.setAttribute("visibility", verdict ? "visible" : "hidden");
    mark.setAttribute("x", `${100 * (verdict?.score ?? 0)}%`);
    for (const end of ["x1", "x2"]) limit.setAttribute(end, `${100 * report.thresholds[name]}%`);
    if (!map) return;
    const lit = place.querySelector(".lit");
    lit.hidden = !map.fields;
    if (map.fields) lit.style.setProperty("--m", mask(map.fields, embedded().sizes[name]));
  }

  // --- the list -------------------------------------------------------------------------------------
  let chosen, wanted = FIRST;
  const current = () => chosen ??= choose();
  const ownLimits = () => new Set(names.map((name) => report.thresholds[name])).size > 1;

  function announce() {
    const { sort, show, label, level } = form.elements;
    const words = [show, label, level].filter((choice) => choice && choice.selectedIndex > 0).map((choice) => choice.selectedOptions[0].text);
    const order = { wrong: "most wrong first", disagreement: "most disagreement first", surest: "surest errors first", nearest: "nearest to the threshold first", beside: "evidence beside the lesion first", row: "by number" };
    const amounts = `${list.children.length} of ${counted(chosen.length)}`;
    status.textContent = chosen.length ? [amounts, ...words, order[sort.value]].join(", ") : ["No such image", ...words].join(", ");
    more.hidden = list.children.length >= chosen.length;
  }

  function show() {
    chosen = choose();
    list.classList.toggle("own-limits", ownLimits());
    list.replaceChildren(...chosen.slice(0, wanted).map(card));
    announce();
  }

  form.addEventListener("change", ({ target }) => {
    if (target.matches("select")) { wanted = FIRST; show(); }
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  more.addEventListener("click", () => {
    const before = list.children.length;
    wanted = before + MORE;
    list.append(...current().slice(before, wanted).map(card));
    announce();
    list.children[before]?.querySelector("a").focus();
  });
  let timer;
  report.onThresholds(() => { clearTimeout(timer); timer = setTimeout(show, PAUSE); });
  document.addEventListener("show-cases", ({ detail: { network, outcome } }) => {
    form.elements.show.value = `${outcome}:${network}`;
    for (const name of ["label", "level"]) if (form.elements[name]) form.elements[name].value = "";
    clearTimeout(timer);
    wanted = FIRST;
    show();
    heading.scrollIntoView();
    setTimeout(() => heading.focus({ preventScroll: true })); // after the jump of a link, which takes the focus away
  });
  heading.tabIndex = -1;

  // Images that other sections name lead to their cards, which only this program makes.
  for (const name of document.querySelectorAll("[data-case]")) {
    const link = Object.assign(document.createElement("a"), { href: `#case-${name.dataset.case}` });
    link.append(...name.childNodes);
    name.append(link);
  }

  // --- one image, enlarged --------------------------------------------------------------------------
  let shown;
  const ADDRESS = /^#case-(\d+)$/;

  function paragraph(words, ...rows) {
    const line = document.createElement("p");
    line.append(words, ...rows.flatMap(({ row }, place) => {
      const link = Object.assign(document.createElement("a"), { href: `#case-${row}`, textContent: `image ${row}` });
      return place ? [", ", link] : [link];
    }));
    return line;
  }

  function facts(image) {
    const { classes, factors, agreement, unlike, images } = embedded();
    const siblings = images.filter((other) => other.group === image.group && other !== image);
    const levels = factors.flatMap(([factor, names], place) => image.levels[place] < 0 ? [] : [`${factor}: ${names[image.levels[place]]}`]);
    const strangers = report.networks.filter(({ name }) => unlike[name]?.includes(image.row)).map(({ title }) => title);
    const peaks = report.networks.filter(({ name }) => image.maps[name] && image.maps[name].peak !== null).map(({ name, title }) => {
      const { fields, peak, malignant } = image.maps[name];
      return fields ? `${title} ${peak.toFixed(2)} for ${classes[malignant]}` : `${title} none for ${classes[malignant]}`;
    });
    const shares = report.networks.filter(({ name }) => image.maps[name]?.fields && image.maps[name].energy !== null)
      .map(({ name, title }) => `${title} ${Math.round(100 * image.maps[name].energy)}%`);
    return [
      siblings.length ? paragraph("Other test images of this lesion: ", ...siblings) : paragraph("No other image of this lesion is here."),
      ...strangers.length ? [paragraph(`Unlike the training images of ${strangers.join(", ")}.`)] : [],
      ...peaks.length ? [paragraph(`Peak of the evidence, in units of the logit: ${peaks.join(", ")}.`)] : [],
      ...image.estimated ? [paragraph(`Dotted: estimated outline (${agreement}).`)] : [],
      ...shares.length ? [paragraph(`Evidence on the lesion: ${shares.join(", ")}.`)] : [],
      ...levels.length ? [paragraph(`${levels.join("; ")}.`)] : [],
    ];
  }

  function enlarge(image) {
    shown = image;
    const box = card(image), header = box.querySelector("h3");
    for (const name of ["id", "aria-labelledby"]) box.removeAttribute(name); // they are those of the card in the list
    header.removeAttribute("id");
    header.textContent = title(image);
    dialog.setAttribute("aria-label", title(image));
    const zoomed = dialog.querySelector(".zoomed"), place = current().indexOf(image);
    zoomed.classList.toggle("own-limits", ownLimits());
    zoomed.replaceChildren(box);
    dialog.querySelector(".facts").replaceChildren(...facts(image));
    dialog.querySelector(".bar a").href = `#case-${image.row}`;
    dialog.querySelector("[role=status]").textContent = place < 0 ? "Not among the images chosen" : `${place + 1} of ${counted(current().length)}`;
    if (dialog.open) return;
    dialog.showModal();
    dialog.querySelector("[data-step='0']").focus();
  }

  function step(by) {
    const images = current(), place = images.indexOf(shown);
    if (!images.length) return;
    const next = images[place < 0 ? (by > 0 ? 0 : images.length - 1) : (place + by + images.length) % images.length];
    history.replaceState(null, "", `#case-${next.row}`);
    enlarge(next);
  }

  function follow() { // the address
    const image = embedded().byRow.get(+ADDRESS.exec(location.hash)?.[1]);
    if (image) enlarge(image);
    else if (dialog.open) dialog.close();
  }

  document.addEventListener("click", (event) => {
    if (event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return; // a new tab, or a download
    const link = event.target.closest("a[href^='#case-']") ?? event.target.closest("#case-list .sides")?.parentElement.querySelector("h3 a");
    const image = link && embedded().byRow.get(+ADDRESS.exec(link.hash)?.[1]);
    if (!image) return;
    event.preventDefault();
    if (location.hash !== link.hash) history[dialog.open ? "replaceState" : "pushState"](null, "", link.hash);
    enlarge(image);
  });
  dialog.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-step]");
    if (target === dialog || button?.dataset.step === "0") dialog.close();
    else if (button) step(+button.dataset.step);
  });
  dialog.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    step(by);
  });
  dialog.addEventListener("close", () => {
    if (ADDRESS.test(location.hash)) history.replaceState(null, "", "#cases");
    (document.querySelector(`#case-${shown.row} h3 a`) ?? heading).focus();
  });
  addEventListener("hashchange", () => { if (ADDRESS.test(location.hash) || dialog.open) follow(); });
  if (ADDRESS.test(location.hash)) follow();
})();
