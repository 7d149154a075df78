// Choosing a threshold: sliders over the test images, with presets from the validation images.
(() => {
  const form = document.getElementById("thresholds");
  if (!form) return;
  const wanted = report.about.sensitivity;
  const ROUNDING = 1e-9; // as in the evaluation: sensitivities that differ by less are equal
  const BINS = 40, TOP = 16, HEIGHT = 126; // of the pictures; TOP and HEIGHT in pixels

  // --- the scores ---------------------------------------------------------------------------------
  const ascending = (name, split, label) => report.predictions
    .filter((row) => row.split === split && row.label === label && row.scores[name] !== null)
    .map((row) => row.scores[name]).sort((a, b) => a - b);
  const panels = [...form.querySelectorAll("[data-network]")].map((box) => {
    const name = box.dataset.network;
    const [benign, malignant] = [0, 1].map((label) => ascending(name, "test", label));
    return {
      box, name, title: box.querySelector("h3").textContent.trim(), slider: box.querySelector("input"), benign, malignant,
      validation: ascending(name, "validation", 1), youden: report.networks.find((network) => network.name === name).youden,
    };
  });

  // The highest threshold that finds this share of the malignant validation images, null if there are none.
  function forSensitivity(scores, share) {
    let missed = scores.length - 1;
    while (missed > 0 && 1 - missed / scores.length < share - ROUNDING) missed--;
    return scores.length ? scores[missed] : null;
  }

  // --- what the reader has set --------------------------------------------------------------------
  const MODES = {
    score: { what: "Threshold", start: report.about.threshold, text: (value) => value.toFixed(2) },
    sensitivity: { what: "Sensitivity on validation images", start: wanted, text: (value) => percent(value, 0) },
    youden: { what: "Threshold" }, own: { what: "Threshold" },
  };
  let mode = "score", value = MODES.score.start, moved = false;
  let thresholds = { ...report.thresholds };
  const preset = ({ name, validation, youden }) => {
    if (mode === "score") return value;
    if (mode === "sensitivity") return forSensitivity(validation, value) ?? report.about.threshold;
    return mode === "youden" ? youden ?? report.about.threshold : thresholds[name];
  };

  // --- words and pictures -------------------------------------------------------------------------
  const percent = (share, decimals = 1) => Number.isFinite(share) ? `${(100 * share).toFixed(decimals)}%` : "undefined";
  const short = (threshold) => String(+threshold.toPrecision(3));
  const below = (scores, threshold) => scores.filter((score) => score < threshold).length;

  function counts({ benign, malignant, name }) {
    const missed = below(malignant, thresholds[name]), leftAlone = below(benign, thresholds[name]);
    return { found: malignant.length - missed, missed, "false-alarm": benign.length - leftAlone, "left-alone": leftAlone };
  }

  // By Bayes' theorem, if both rates are the same where this share of the lesions is malignant.
  function expected(outcomes, share) {
    const sensitivity = outcomes.found / (outcomes.found + outcomes.missed);
    const specificity = outcomes["left-alone"] / (outcomes["left-alone"] + outcomes["false-alarm"]);
    const hits = sensitivity * share, alarms = (1 - specificity) * (1 - share);
    return { sensitivity, specificity, hits, alarms, ppv: hits / (hits + alarms) };
  }

  function people({ hits, alarms }, share) {
    if (!Number.isFinite(hits + alarms)) return "";
    const [ill, found, wrong] = [share, hits, alarms].map((rate) => Math.round(1000 * rate));
    return `Of 1,000 people: ${found} found, ${ill - found} missed, ${wrong} false alarms.`;
  }

  // The height of each bin above or below the line, the wrong ones next to it.
  function bars({ benign, malignant, name, box }) {
    const sides = [malignant, benign].map((scores) => {
      const bins = Array.from({ length: BINS }, () => [0, 0]); // below the threshold, and from it on
      for (const score of scores) bins[Math.min(BINS - 1, Math.floor(score * BINS))][+(score >= thresholds[name])]++;
      return bins;
    });
    const most = sides.map((bins) => Math.max(1, ...bins.map(([low, high]) => low + high)));
    const scale = HEIGHT / (most[0] + most[1]), middle = TOP + most[0] * scale;
    const shapes = sides.flatMap((bins, down) => bins.flatMap(([low, high], place) => {
      const [wrong, right] = down ? [high, low] : [low, high];
      const bar = (amount, from, kind) => amount
        ? [["rect", { class: kind, x: `${place * 100 / BINS + 0.15}%`, width: `${100 / BINS - 0.3}%`, height: amount * scale,
          y: down ? middle + from * scale : middle - (from + amount) * scale }]] : [];
      return [...bar(wrong, 0, "wrong"), ...bar(right, wrong, down ? "pale" : "right")];
    }));
    const x = `${100 * thresholds[name]}%`;
    shapes.push(["line", { class: "base", x1: 0, x2: "100%", y1: middle, y2: middle }]);
    shapes.push(["line", { class: "at", x1: x, x2: x, y1: TOP - 4, y2: TOP + HEIGHT + 4 }]);
    box.querySelector("svg g").replaceChildren(...shapes.map(([kind, attributes]) => {
      const shape = document.createElementNS("http://www.w3.org/2000/svg", kind);
      for (const [key, text] of Object.entries(attributes)) shape.setAttribute(key, text);
      return shape;
    }));
  }

  function draw(panel) {
    const { box, slider, name } = panel;
    const share = +form.elements.prevalence.value, outcomes = counts(panel), rates = expected(outcomes, share);
    const show = (what, text) => { box.querySelector(`[data-show="${what}"]`).textContent = text; };
    const shared = MODES[mode].text?.(value);
    const none = mode === "youden" && panel.youden === null;
    show("what", none ? "No Youden threshold; shown at" : MODES[mode].what);
    show("value", mode === "sensitivity" ? `${shared}, threshold ${short(thresholds[name])}` : short(thresholds[name]));
    slider.disabled = mode === "youden";
    slider.value = mode === "sensitivity" ? value : thresholds[name];
    slider.setAttribute("aria-valuetext", shared ?? short(thresholds[name]));
    for (const [outcome, amount] of Object.entries(outcomes)) box.querySelector(`[data-outcome="${outcome}"] b`).textContent = amount;
    for (const what of ["sensitivity", "specificity", "ppv"]) show(what, percent(rates[what]));
    show("people", people(rates, share));
    bars(panel);
  }

  let timer;
  function announce() { // once the reader has stopped, not at every step
    clearTimeout(timer);
    timer = setTimeout(() => {
      const line = (panel) => { const all = counts(panel); return `${panel.title}: ${all.missed} missed, ${all["false-alarm"]} false alarms.`; };
      form.querySelector("[role=status]").textContent = panels.map(line).join(" ");
    }, 800);
  }

  function update() {
    thresholds = { ...thresholds, ...Object.fromEntries(panels.map((panel) => [panel.name, preset(panel)])) };
    report.thresholds = thresholds;
    panels.forEach(draw);
    const note = moved || mode === "own" ? "exploring" : mode;
    for (const line of form.querySelectorAll("[data-note]")) line.hidden = line.dataset.note !== note;
  }

  // --- events -------------------------------------------------------------------------------------
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", ({ target }) => {
    if (target.name === "mode") {
      mode = target.value;
      value = MODES[mode].start;
      moved = false;
    } else if (target.type === "range") {
      moved = true;
      if (mode === "own") thresholds[target.closest("[data-network]").dataset.network] = +target.value;
      else value = +target.value;
    }
    update();
    announce();
  });
  form.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-outcome]");
    if (!link) return;
    const detail = { network: link.closest("[data-network]").dataset.network, outcome: link.dataset.outcome };
    document.dispatchEvent(new CustomEvent("show-cases", { detail }));
  });
  document.querySelector("#threshold .operating").open = false; // the panels show it; without them it stays open
  update();
})();
