// OpenCode as its plugin sees it, played by a test: lines of JSON in, what the plugin did out.
import { createInterface } from "node:readline"

const { Peerline } = await import(process.env.PLUGIN)
const world = { messages: {}, parents: {}, status: {}, slow: 0 }

const say = (what, more) => console.log(JSON.stringify({ what, ...more }))

const heard = (what, answer) => async (given) => {
  say(what, { given })
  return answer(given)
}

const client = {
  session: {
    promptAsync: heard("promptAsync", () => ({ response: { status: 204 } })),
    create: heard("create", () => ({ data: { id: "ses_made" } })),
    get: async ({ path }) => ({ data: { id: path.id, parentID: world.parents[path.id] } }),
    messages: async ({ path }) => ({ data: world.messages[path.id] ?? [] }),
    status: async () => ({ data: world.status }),
  },
  tui: { publish: heard("publish", () => ({})) },
  postSessionIdPermissionsPermissionId: heard("permission", () => ({})),
  _client: { post: heard("post", () => ({})) },
}

const stages = [await Peerline({ client, directory: "/home/ada/project" })]
say("ready", {})
for await (const text of createInterface({ input: process.stdin })) {
  const line = JSON.parse(text)
  if (line.again) stages.push(await Peerline({ client, directory: "/home/ada/project" }))
  Object.assign(world, line.world)
  if (!line.hook) continue
  const began = Date.now()
  const hook = stages[line.stage ?? 0][line.hook]
  Promise.resolve()
    .then(() => hook(line.input, line.output))
    .then(
      () => say("done", { of: line.hook, output: line.output, took: Date.now() - began }),
      (error) => say("threw", { of: line.hook, message: error.message }),
    )
}
process.exit(0)
