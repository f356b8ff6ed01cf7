// Peerline puts this OpenCode on the line: the daemon of this machine is told what happens here, and what it has for
// this agent becomes a prompt. `peerline hooks install` wrote this file, `peerline hooks uninstall` takes it away.
//
// Rule: it decides nothing and holds nothing up. The daemon is asked over its Unix socket, with short limits; where
// there is none, OpenCode goes on as if this file were not here, and what the daemon is owed waits in its spool.
// One session is spoken of at a time: that of the last prompt, which is the one the person at this terminal sees.
// Seen with OpenCode 1.18.33.

import { execFileSync } from "node:child_process"
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from "node:fs"
import { createConnection } from "node:net"
import { dirname, join } from "node:path"

const SOCKET = "/nowhere/run/peerline.sock" // the installer writes the real place here
const CARRIED = ["TMUX", "TMUX_PANE", "HOME", "PEERLINE_CIRCLE", "PEERLINE_NAME"]
const SOON = 0.5 // seconds that the daemon has for an answer
const PERSON = 600 // seconds that a person has to decide
const DAY = 86400
const LATER = [0.25, 0.5, 1, 2, 5] // seconds until the daemon is looked for again
const AGAIN = 1 // seconds until a second look at a turn that seems to be over
const SPOOL_LIMIT = 10 * 1000 * 1000 // bytes
const OWED = [0, 503, 507] // after these answers, or none, the event is kept for the daemon
const NO_SCREEN = ["run", "serve", "web", "acp", "attach", "github", "pr"] // OpenCode without a person at this terminal

// -- the line to the daemon -----------------------------------------------------------------------------------------

let count = 0

const pause = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000).unref())

const later = (tries) => pause(LATER[Math.min(tries, LATER.length - 1)])

const quoted = (text) =>
  Array.from(Buffer.from(text), (c) =>
    c > 0x20 && c < 0x7f && c !== 0x25 ? String.fromCharCode(c) : `%${c.toString(16).toUpperCase().padStart(2, "0")}`,
  ).join("")

/** A request. `at`, in nanoseconds, and the pid are its name: by that the daemon knows it again if it is repeated. */
const written = (event, payload, seconds) => {
  const body = Buffer.from(JSON.stringify(payload))
  const at = `${Date.now()}${String(count++ % 1e6).padStart(6, "0")}`
  const set = CARRIED.filter((name) => process.env[name] !== undefined)
  const lines = [
    `POST /v1/hooks/opencode/${quoted(event)} HTTP/1.0`,
    "Host: peerline",
    ...set.map((name) => `Peerline-Env-${name.replaceAll("_", "-")}: ${quoted(process.env[name])}`),
    `Peerline-Pid: ${process.pid}`,
    `Peerline-Record: ${at}-${process.pid}`,
    `Peerline-Seconds: ${seconds.toFixed(3)}`,
    "Content-Type: application/json",
    `Content-Length: ${body.length}`,
  ]
  return { at, seconds, body, head: `${lines.join("\r\n")}\r\n` }
}

/** The answer, once all of it is here. */
const whole = (bytes) => {
  const end = bytes.indexOf("\r\n\r\n")
  if (end < 0) return undefined
  const head = bytes.toString("latin1", 0, end)
  const size = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0)
  const body = bytes.subarray(end + 4, end + 4 + size)
  if (body.length < size) return undefined
  return { status: Number(head.split(" ")[1]), text: body.toString(), wakes: /^peerline-wake:/im.test(head) }
}

/** Send it and wait; status 0 is no answer. Whoever does not want it any more calls `held.drop`. */
const asked = (request, held = {}) =>
  new Promise((done) => {
    const conn = createConnection(SOCKET)
    let bytes = Buffer.alloc(0)
    const over = () => {
      clearTimeout(late)
      conn.destroy()
      done(whole(bytes) ?? { status: 0, text: "", wakes: false })
    }
    const late = setTimeout(over, request.seconds * 1000)
    held.drop = over
    late.unref()
    conn.unref()
    conn.on("data", (more) => {
      bytes = Buffer.concat([bytes, more])
      if (whole(bytes)) over()
    })
    conn.on("error", over)
    conn.on("close", over)
    conn.write(Buffer.concat([Buffer.from(`${request.head}\r\n`), request.body]))
  })

/** What nobody heard, as other agents' hooks keep it: one file for each event, whole or not there, in order of names. */
const keep = (request) => {
  const folder = join(dirname(dirname(SOCKET)), "spool")
  const at = `Peerline-At: ${request.at.slice(0, -9)}.${request.at.slice(-9)}\r\n\r\n`
  const record = Buffer.concat([Buffer.from(request.head + at), request.body])
  const name = `${request.at.padStart(20, "0")}-${process.pid}-${record.length}`
  try {
    mkdirSync(folder, { mode: 0o700 }) // only this one: a home that was removed stays removed
  } catch (error) {
    if (error.code !== "EEXIST") return
  }
  try {
    const sizes = readdirSync(folder).map((each) => Number(each.split("-").at(-1)) || 0)
    if (sizes.reduce((sum, size) => sum + size, record.length) > SPOOL_LIMIT) return
    writeFileSync(join(folder, `.${name}`), record, { mode: 0o600, flag: "wx" })
    renameSync(join(folder, `.${name}`), join(folder, name))
  } catch {
    return // there is nobody to tell
  }
}

const parsed = (text) => {
  try {
    return JSON.parse(text) ?? {}
  } catch {
    return {}
  }
}

// -- one OpenCode ---------------------------------------------------------------------------------------------------

class Line {
  constructor({ client, directory }, screen) {
    this.client = client
    this.screen = screen
    this.cwd = directory
    this.roots = new Map() // session -> the session that began it as a subagent, or itself
    this.dialogs = new Map() // what waits for a person, by its id
    this.queue = Promise.resolve()
    this.turn = undefined // { session, first, last }: the prompts that it is about
    this.as = {} // agent and model of the last prompt, so that ours does not change them
    this.held = {}
    this.session = ""
    this.before = ""
  }

  /** Which session it is, and which one it follows until the daemon has heard of that. */
  about(more) {
    const follows = this.before ? { before: this.before } : {}
    const alone = this.screen ? {} : { screen: false }
    return { session_id: this.session, cwd: this.cwd, ...alone, ...follows, ...more }
  }

  /** Tell the daemon, in order; resolves to what it answers. Without `owed` it need not hear it later. */
  tell(event, more = {}, owed = true) {
    const request = written(event, this.about(more), SOON)
    const before = this.before
    this.queue = this.queue.then(async () => {
      const told = await asked(request)
      if (owed && OWED.includes(told.status)) keep(request)
      if (told.status === 200 && this.before === before) this.before = ""
      return told.status === 200 ? parsed(told.text) : { unheard: told.status }
    })
    return this.queue
  }

  /** As `tell`, for whoever must not be held up. */
  briefly(event, more) {
    return Promise.race([this.tell(event, more), pause(2 * SOON).then(() => ({}))])
  }

  /** Waits, as long as OpenCode runs, for what the daemon has for it. */
  async listen() {
    for (let tries = 0; ; ) {
      const began = Date.now()
      const id = this.session
      const told = id ? await this.tell("here", { turn: this.state() }, false) : {}
      const woken = told.unheard || !id || id !== this.session ? undefined : await this.wait(id)
      if (woken?.wakes && woken.text) await this.prompt(id, woken.text).catch(() => {})
      tries = woken?.wakes || Date.now() - began > 5000 || id !== this.session ? 0 : tries + 1
      await later(tries)
    }
  }

  wait(id) {
    return asked(written("Wake", { session_id: id, cwd: this.cwd }, DAY), this.held)
  }

  /** The session of this process from now on. */
  enter(id) {
    if (id === this.session) return
    this.before = this.session
    this.session = id
    this.turn = undefined
    this.as = {}
    this.held.drop?.()
  }

  state() {
    if (!this.turn) return this.session.startsWith("ses_") ? "idle" : "pending_first_turn"
    return this.dialogs.size ? "awaiting_input" : "working"
  }

  async prompt(id, text) {
    if (id.startsWith("ses_")) {
      const body = { ...(await this.manner(id)), parts: [{ type: "text", text }] }
      await this.client.session.promptAsync({ path: { id }, body })
      return
    }
    // There is no session before the first prompt. One is made, and what was to be said comes once more, to that one.
    const made = await this.client.session.create({ body: {} })
    this.enter(made.data.id)
    const shown = { type: "tui.session.select", properties: { sessionID: made.data.id } }
    await this.client.tui.publish({ body: shown })
  }

  async manner(id) {
    if (this.as.agent) return this.as
    const found = await this.client.session.messages({ path: { id } })
    const info = found.data?.findLast((each) => each.info.role === "user")?.info
    return info ? { agent: info.agent, model: info.model } : {}
  }

  /** Which session this one belongs to: a subagent's is another's. */
  async root(id) {
    if (!this.roots.has(id)) {
      const found = await this.client.session.get({ path: { id } }).catch(() => undefined)
      const above = found?.data?.parentID
      this.roots.set(id, above ? await this.root(above) : id)
    }
    return this.roots.get(id)
  }

  /** What is told of a session: nothing of one that nobody looks at, and of a subagent's that it is one. */
  async whose(id) {
    const root = await this.root(id)
    if (!this.session.startsWith("ses_")) this.enter(root)
    if (root !== this.session) return undefined
    return root === id ? {} : { subagent: id }
  }

  async prompted(input, output) {
    const id = input.sessionID
    if ((await this.root(id)) !== id) return
    this.enter(id)
    const { id: prompt, agent, model } = output.message
    this.as = { agent, model }
    this.turn = { session: id, first: this.turn?.first ?? prompt, last: prompt }
    const said = output.parts.filter((part) => part.type === "text")
    const text = said.map((part) => part.text).join("\n")
    const told = await this.briefly("chat.message", { prompt_id: prompt, prompt: text })
    if (!told.add || !said.length) return
    const last = output.parts.at(-1)
    output.parts.push({ ...said.at(-1), id: `${last.id}z`, text: told.add, synthetic: true })
  }

  async calling({ tool, sessionID, callID }, { args }) {
    const whose = await this.whose(sessionID)
    const told = whose ? await this.briefly("tool.execute.before", { ...whose, tool, callID, args }) : {}
    if (told.refuse) throw new Error(told.refuse)
  }

  async called({ tool, sessionID, callID, args }, output) {
    const whose = await this.whose(sessionID)
    if (!whose) return
    const text = typeof output?.output === "string"
    const list = Array.isArray(output?.content)
    const told = await this.briefly("tool.execute.after", { ...whose, tool, callID, args, carries: text || list })
    if (told.add && text) output.output += `\n\n${told.add}`
    else if (told.add && list) output.content.push({ type: "text", text: told.add })
  }

  async rested(id) {
    const turn = this.turn
    if (!turn || turn.session !== id) return
    let ended = await this.ending(turn)
    if (!ended && !turn.error) {
      await pause(AGAIN) // of the turn before, or of one without a word
      if (this.turn !== turn || (await this.isBusy(id))) return
      ended = await this.ending(turn)
    }
    if (this.turn !== turn) return
    this.turn = undefined
    const { prompt_id = turn.last, text = "", error = turn.error ?? "" } = ended ?? {}
    await this.tell("session.idle", { prompt_id, error, last_assistant_message: text })
  }

  /** The last words that answer the turn's first prompt; else the last of all, which may answer another. */
  async ending(turn) {
    const found = await this.client.session.messages({ path: { id: turn.session } }).catch(() => undefined)
    const said = found?.data?.filter((each) => each.info.role === "assistant") ?? []
    const is_whole = ({ info }) => info.finish && info.finish !== "tool-calls" && !info.error
    const last = said.findLast((each) => each.info.parentID === turn.first && is_whole(each)) ?? said.at(-1)
    if (!last || last.info.parentID < turn.first) return undefined
    const words = last.parts.filter((part) => part.type === "text" && !part.synthetic && !part.ignored)
    const text = is_whole(last) ? words.map((part) => part.text).join("\n\n") : ""
    return { prompt_id: last.info.parentID, text, error: last.info.error?.name }
  }

  async isBusy(id) {
    const found = await this.client.session.status().catch(() => undefined)
    return (found?.data?.[id]?.type ?? "idle") !== "idle"
  }

  /** A person is asked, here and wherever the daemon reaches one; whoever answers first has answered. */
  async asks(event, properties) {
    const whose = await this.whose(properties.sessionID)
    if (!whose) return
    const held = { properties }
    this.dialogs.set(properties.id, held)
    await this.queue
    const request = written(event, this.about({ ...whose, properties }), PERSON)
    const until = Date.now() + PERSON * 1000
    for (let tries = 0; this.dialogs.has(properties.id) && Date.now() < until; tries++) {
      const told = await asked(request, held)
      if (!OWED.includes(told.status)) return this.decided(event, properties, parsed(told.text))
      await later(tries)
    }
  }

  async decided(event, { id, sessionID }, { reply, message, answers }) {
    if (!this.dialogs.has(id) || !reply) return
    const path = { requestID: id }
    const headers = { "Content-Type": "application/json" }
    const post = (url, body) => this.client._client.post({ url, path, body, headers })
    if (event === "question.asked") {
      await (answers ? post("/question/{requestID}/reply", { answers }) : post("/question/{requestID}/reject", {}))
      return
    }
    const said = message && (await post("/permission/{requestID}/reply", { reply, message }))
    if (said && !said.error) return
    const answer = { path: { id: sessionID, permissionID: id }, body: { response: reply } }
    await this.client.postSessionIdPermissionsPermissionId(answer)
  }

  async answered(event, properties) {
    const held = this.dialogs.get(properties.requestID)
    this.dialogs.delete(properties.requestID)
    held?.drop?.()
    const whose = held && (await this.whose(properties.sessionID))
    if (whose) await this.tell(event, { ...whose, properties, asked: held.properties })
  }

  async happened({ type, properties }) {
    switch (type) {
      case "session.created":
        if (!properties.info.parentID) this.roots.set(properties.info.id, properties.info.id)
        return
      case "session.error":
        if (this.turn?.session === properties.sessionID) this.turn.error = properties.error?.name ?? "error"
        return
      case "session.idle":
        return this.rested(properties.sessionID)
      case "permission.asked":
      case "question.asked":
        return this.asks(type, properties)
      case "permission.replied":
      case "question.replied":
      case "question.rejected":
        return this.answered(type, properties)
    }
  }
}

/** The words it was started with: the thread that plugins run in has not been told them. */
const started = () => {
  const own = String(process.pid)
  const words = existsSync("/proc/self/cmdline")
    ? readFileSync(`/proc/${own}/cmdline`, "utf8").split("\0")
    : execFileSync("ps", ["-ww", "-o", "args=", "-p", own], { encoding: "utf8" }).split(/\s+/)
  return words.slice(Math.max(0, words.indexOf(process.argv[1])) + 1)
}

/** Whether a person is before it, and the session that it was told to take up. */
const begun = () => {
  try {
    const words = started()
    const at = words.findIndex((word) => word === "--session" || word === "-s")
    const taken = at >= 0 && !words.includes("--fork") ? (words[at + 1] ?? "") : ""
    return { screen: !NO_SCREEN.includes(words[0]), taken: taken.startsWith("ses_") ? taken : "" }
  } catch {
    return { screen: true, taken: "" }
  }
}

const LATEST = Symbol.for("peerline")

export const Peerline = async (context) => {
  const mine = (globalThis[LATEST] = {}) // should OpenCode load it twice, the later one speaks
  const unless = (work) => (globalThis[LATEST] === mine ? work() : undefined)
  const quietly = (work) => unless(() => work().catch(() => {}))
  const { screen, taken } = begun()
  const line = new Line(context, screen)
  if (screen) {
    line.enter(taken || `opencode-${process.pid}-${Date.now()}`)
    void line.listen()
  }
  return {
    event: async ({ event }) => void quietly(() => line.happened(event)),
    "chat.message": (input, output) => quietly(() => line.prompted(input, output)),
    "tool.execute.before": (input, output) => unless(() => line.calling(input, output)),
    "tool.execute.after": (input, output) => quietly(() => line.called(input, output)),
  }
}
