// What readers take away: tables as CSV, figures as SVG, the embedded data as files, and texts by the clipboard.
(() => {
  const PLAIN = [["\u2011", "-"], ["\u00a0", " "], ["\u2212", "-"]]; // as typed, so that other programs understand it
  const typed = (text) => PLAIN.reduce((result, [from, to]) => result.replaceAll(from, to), text).trim();
  const plain = (text) => typed(text).replace(/\s+/g, " ");

  function save(name, type, text) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }

  // The text without what is there for the page only: buttons, stars, and the interval, which has columns of its own.
  function words(element) {
    const copy = element.cloneNode(true);
    copy.querySelectorAll(".takeaway, .interval, .mark, .hidden, [aria-hidden=true]").forEach((part) => part.remove());
    return plain(copy.textContent);
  }

  // The name of a file: its number and the first words of its caption.
  function named(caption, ending) {
    const slug = words(caption).toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");
    return `${slug.split("-").slice(0, 7).join("-")}.${ending}`;
  }

  // --- tables ---------------------------------------------------------------------------------------
  const ends = (cell) => [...cell.querySelectorAll(".interval [data-value]")].map((end) => end.dataset.value);
  const exact = (cell) => cell.dataset.value || words(cell);
  // Words that a spreadsheet would take for a formula begin with an apostrophe, as in the project's own tables.
  const isFormula = (text) => /^'*[=+\-@\t\r\n＝＋－＠]/.test(text) && Number.isNaN(Number(text));
  const safe = (text) => (isFormula(text) ? `'${text}` : text);
  const quoted = (text) => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

  function csv(table) {
    const body = [...table.rows].filter((row) => row.parentElement.tagName !== "THEAD");
    const titles = [...(table.tHead?.rows[0].cells ?? [])].map(words);
    const spread = titles.map((_, column) => body.some((row) => row.cells[column]?.querySelector(".interval")));
    const line = (texts) => texts.map(safe).map(quoted).join(",");
    const head = titles.flatMap((title, column) => (spread[column] ? [title, `${title}, low`, `${title}, high`] : [title]));
    const lines = body.map((row) => [...row.cells].flatMap((cell, column) => {
      const [low = "", high = ""] = ends(cell);
      return spread[column] ? [exact(cell), low, high] : [exact(cell)];
    }));
    return [...(titles.length ? [head] : []), ...lines].map(line).join("\n") + "\n";
  }

  // --- figures --------------------------------------------------------------------------------------
  const LOOKS = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "opacity", "font-family", "font-size",
    "font-weight", "text-anchor"];
  const SVG = report.element("<svg></svg>").namespaceURI;
  const make = (name, attributes) => {
    const element = document.createElementNS(SVG, name);
    Object.entries(attributes).forEach(([key, value]) => element.setAttribute(key, value));
    return element;
  };

  // A drawing with its looks written out, since the style sheet stays behind.
  function drawing(svg, box) {
    const copy = svg.cloneNode(true);
    const originals = [svg, ...svg.querySelectorAll("*")];
    [copy, ...copy.querySelectorAll("*")].forEach((element, place) => {
      if (originals[place].closest("defs")) return; // takes its looks from where it is used
      const looks = getComputedStyle(originals[place]);
      LOOKS.forEach((look) => element.style.setProperty(look, looks.getPropertyValue(look)));
    });
    const place = svg.getBoundingClientRect();
    const set = { x: place.x - box.x, y: place.y - box.y, width: place.width, height: place.height, overflow: "visible" };
    Object.entries(set).forEach(([key, value]) => copy.setAttribute(key, value));
    copy.removeAttribute("class");
    return copy;
  }

  // The words around a drawing, each where the page has it.
  function* labels(figure, box) {
    const walker = document.createTreeWalker(figure, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const { parentElement: parent, data } = walker.currentNode;
      if (parent.closest("svg, button, .hidden, .takeaway")) continue;
      const looks = getComputedStyle(parent);
      for (const { index, 0: word } of data.matchAll(/\S+/g)) {
        const range = document.createRange();
        range.setStart(walker.currentNode, index);
        range.setEnd(walker.currentNode, index + word.length);
        const place = range.getBoundingClientRect();
        if (!place.width) continue;
        const text = make("text", {
          x: place.x - box.x, y: place.bottom - box.y - 0.25 * place.height, fill: looks.color,
          "font-family": looks.fontFamily, "font-size": looks.fontSize, "font-weight": looks.fontWeight,
        });
        text.textContent = word;
        yield text;
      }
    }
  }

  function* markers(figure, box) {
    for (const key of figure.querySelectorAll(".key")) {
      const { x, y, width, height } = key.getBoundingClientRect();
      const [left, top, fill] = [x - box.x, y - box.y, getComputedStyle(key).backgroundColor];
      if (key.classList.contains("key-triangle")) {
        yield make("path", { d: `M${left + width / 2} ${top}l${width / 2} ${height}h${-width}z`, fill });
      } else if (key.classList.contains("key-diamond")) {
        yield make("path", { d: `M${left + width / 2} ${top}l${width / 2} ${height / 2} ${-width / 2} ${height / 2} ${-width / 2} ${-height / 2}z`, fill });
      } else {
        yield make("rect", { x: left, y: top, width, height, fill, rx: key.classList.contains("key-circle") ? width / 2 : 0 });
      }
    }
  }

  function svg(figure) {
    const box = figure.getBoundingClientRect();
    const size = { width: box.width, height: box.height, viewBox: `0 0 ${box.width} ${box.height}` };
    const whole = make("svg", size);
    const paper = getComputedStyle(document.body).backgroundColor;
    whole.append(make("rect", { width: "100%", height: "100%", fill: paper }));
    whole.append(...[...figure.querySelectorAll("svg:not(svg svg)")].map((one) => drawing(one, box)));
    whole.append(...markers(figure, box), ...labels(figure, box));
    return new XMLSerializer().serializeToString(whole);
  }

  // --- buttons --------------------------------------------------------------------------------------
  function offer(caption, label, act) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "small takeaway";
    button.textContent = label;
    button.setAttribute("aria-label", `Save as ${label}: ${words(caption)}`);
    button.addEventListener("click", act);
    caption.append(button);
  }

  document.querySelectorAll("main table").forEach((table) => {
    const caption = table.caption;
    if (!caption || caption.classList.contains("hidden")) return;
    offer(caption.firstElementChild ?? caption, "CSV", () => save(named(caption, "csv"), "text/csv", csv(table)));
  });
  document.querySelectorAll("figure.chart").forEach((figure) => {
    const caption = figure.querySelector("figcaption");
    if (caption) offer(caption, "SVG", () => save(named(caption, "svg"), "image/svg+xml", svg(figure)));
  });

  // As it was on the disk: the metrics are packed by gzip.
  const unpacked = (text) => {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  };
  const embedded = {
    metrics: () => unpacked(document.getElementById("metrics").textContent),
    predictions: () => document.getElementById("predictions").textContent,
  };
  document.querySelectorAll("[data-download]").forEach((button) => {
    const { download, name } = button.dataset;
    const kind = name.endsWith("csv") ? "text/csv" : "application/json";
    button.addEventListener("click", async () => save(name, kind, await embedded[download]()));
  });

  document.querySelectorAll("[data-copy]").forEach((button) => {
    const label = button.textContent;
    button.addEventListener("click", async () => {
      const text = typed(document.getElementById(button.dataset.copy).innerText);
      try {
        await navigator.clipboard.writeText(text);
        button.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(document.getElementById(button.dataset.copy));
        button.textContent = "Selected: copy it";
      }
      setTimeout(() => { button.textContent = label; }, 3000);
    });
  });
})();
