// Without this script the form does everything. With it, a chosen rating is stored at once and the page stays.
(() => {
  const main = document.querySelector("main")
  const form = main.querySelector("form")
  const follow = main.querySelector(".follow")
  const done = document.querySelector(".done")
  const tell = document.querySelector(".tell")
  const status = document.querySelector("[role=status]")
  const rightToLeft = document.documentElement.dir === "rtl"
  let human = false // scanners run scripts too: only what a person does is trusted by the browser
  let walking = false // arrow keys pass over ratings that are not meant
  let picked = !!form.querySelector("[name=reasons]:checked") // the server's page may bring some along
  let wanted = null // what is to be stored next: its body, and the step that follows
  let busy = false
  let pause = 1000
  let timer = 0

  const compose = (everything) => {
    const data = new FormData(form)
    const answer = { rating: Number(data.get("rating")), submission: data.get("submission") }
    if (everything) {
      const comment = data.get("comment")
      const contact = data.get("contact").trim()
      if (comment.trim()) answer.comment = comment
      if (picked) answer.reasons = data.getAll("reasons")
      if (contact) answer.contact = contact.includes("@") ? { email: contact } : { phone: contact }
    }
    return { body: JSON.stringify(answer), step: everything ? "done" : "tell" }
  }

  const show = (step) => {
    main.dataset.step = step
    tell.hidden = tell.disabled = false
    status.className = ""
    status.textContent = step === "tell" ? status.dataset.tell : ""
    done.hidden = step !== "done"
    form.parentElement.open = step !== "done"
    for (const problem of form.querySelectorAll("p.problem:not([role])")) problem.remove() // it is right now
    for (const field of form.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid")
    const heading = step === "done" ? done.querySelector("h1") : tell.querySelector(".ask")
    const titles = [heading, form.querySelector("h1"), document.querySelector("header span")]
    document.title = titles.map((it) => it.textContent).join(" · ")
    if (step === "done") done.focus()
  }

  const offer = (link) => {
    if (!link) return
    follow.firstChild.href = link
    follow.hidden = false
  }
  const here = location.pathname
  try {
    // Their own phone; what stands on a counter for everybody is larger.
    if (matchMedia("(max-width: 600px)").matches) offer(localStorage.getItem(here))
  } catch {}

  const keep = async (reply) => {
    const link = (await reply.json()).follow
    if (!link) return
    const path = new URL(link).pathname
    offer(path)
    localStorage.setItem(here, path)
  }

  const post = (body, type) => {
    const keepalive = body.length < 20000 // browsers keep 64 kB alive at most
    const to = new URL(location.href)
    to.searchParams.set("follow", "1") // programs that post are not told of it unless they ask
    return fetch(to, { method: "POST", headers: { "Content-Type": type }, body, keepalive })
  }

  // The page that a form gets says what is wrong. One that has lost the customer's words is not ours.
  const explanation = async () => {
    const data = new FormData(form)
    const reply = await post(`${new URLSearchParams(data)}`, "application/x-www-form-urlencoded")
    const page = await reply.text()
    const read = new DOMParser().parseFromString(page, "text/html")
    const isOurs = data.get("comment")?.trim() ? read.querySelector("textarea")?.value : read.querySelector("main")
    return isOurs ? page : ""
  }

  const replaceBy = (page) => {
    document.open()
    document.write(page)
    document.close()
    document.querySelector("[autofocus]")?.focus()
  }

  const store = async () => {
    clearTimeout(timer)
    if (busy || !wanted) return
    const sending = wanted
    busy = true
    let reply, page
    try {
      reply = await post(sending.body, "application/json")
      if (!reply.ok && reply.status < 500 && (await reply.json()).error) page = await explanation()
    } catch {}
    busy = false
    if (page) return replaceBy(page)
    if (!reply?.ok) {
      status.className = "problem"
      status.textContent = status.dataset.offline
      timer = setTimeout(store, (pause = Math.min(pause * 2, 60000)))
      return
    }
    pause = 1000
    keep(reply).catch(() => {}) // a browser may keep nothing
    if (wanted !== sending) return store()
    wanted = null
    show(sending.step)
  }

  const want = (everything, delay) => {
    if (!form.elements.rating.value) return
    wanted = compose(everything || wanted?.step === "done")
    clearTimeout(timer)
    timer = setTimeout(store, delay)
  }

  const gesture = (event) => {
    if (!event.isTrusted) return
    // An arrow makes a click too; autofill makes keys without a name.
    if (event.type !== "click") walking = !!event.key?.startsWith("Arrow")
    if (human) return
    human = true
    want(false, 500) // a rating that the link brought along; a rating chosen by this very gesture comes sooner
  }
  for (const type of ["pointerdown", "keydown", "click"]) addEventListener(type, gesture, true)

  form.addEventListener("change", ({ target }) => {
    if (target.name === "reasons") picked = true
    if (target.name === "rating" && human) want(false, walking ? 900 : 0)
  })

  form.addEventListener("keydown", (event) => {
    // Browsers move by the order of the document; here the left arrow goes to the left.
    const move = { ArrowLeft: 1, ArrowRight: -1 }[event.key]
    if (!rightToLeft || !move || event.target.name !== "rating") return
    event.preventDefault()
    const ratings = [...form.elements.rating]
    const next = ratings.at((ratings.indexOf(event.target) + move) % ratings.length)
    next.focus()
    next.click()
  })

  form.addEventListener("submit", (event) => {
    if (form.elements.homepage.value) return
    event.preventDefault()
    want(!tell.hidden, 0)
  })

  addEventListener("online", store)
})()
