type Data = Record<string, unknown>

const word = (data: Data, key: string) => (typeof data[key] === 'string' ? (data[key] as string) : '')
const bandNames: Record<number, string> = { 1: 'Highest', 2: 'Higher', 3: 'Normal', 4: 'Lower', 5: 'Lowest' }

const returned: Record<string, string> = {
  declined: 'declined',
  noanswer: 'no answer',
  presence: 'the agent changed its presence',
  lost: "the agent's desktop is not heard",
  restart: 'the server restarted',
  requeued: 'it was requeued',
  assigned: 'it was assigned to somebody else',
  parktimeout: 'it was parked for too long',
  removed: 'the agent was removed',
  supervisor: 'a supervisor wanted it so',
}
const because = (why: string) => returned[why] ?? why

/** What several rooms say of an interaction. */
export const text = {
  states: {
    planned: 'In its plan',
    queued: 'Queued',
    offered: 'Offered',
    connected: 'Connected',
    held: 'Held',
    parked: 'Parked',
    wrap: 'Wrap-up',
    ended: 'Ended',
  } as Record<string, string>,
  bands: bandNames,
  untitled: 'Without a name',

  timeline: 'Timeline',
  strip: (spans: number, length: string) => `Timeline of ${spans} ${spans === 1 ? 'step' : 'steps'} over ${length}; the table beneath says the same.`,
  lanePlan: 'Plan',
  laneQueue: 'Queue',
  steps: 'Steps',
  stepState: 'State',
  stepAgent: 'Agent',
  stepFrom: 'From',
  stepLasted: 'Lasted',
  still: 'still',
  events: 'Everything that happened',
  at: 'At',
  what: 'What',
  by: 'Asked by',
  eventsMore: 'There is more than is listed.',
  asked: (by: string) => {
    const [kind, name] = [by.slice(0, by.indexOf(':')), by.slice(by.indexOf(':') + 1)]
    if (kind === 'user') return name
    if (kind === 'client') return `client ${name}`
    if (kind === 'file') return `file ${name}`
    return by === 'system' ? 'the server' : by
  },

  why: 'Why',
  requires: 'Requires',
  prefers: 'Prefers',
  nothing: 'nothing',
  place: 'Place',
  ahead: (n: number) => (n === 0 ? 'It is the first of all that waits.' : `${n.toLocaleString()} waiting ${n === 1 ? 'interaction comes' : 'interactions come'} before it.`),
  band: 'Band',
  personal: 'Its personal queue is active.',
  waitingSince: 'Waiting since',
  score: 'Score',
  considered: 'Who was considered',
  consideredCount: (n: number) => (n === 0 ? 'No agent fits.' : n === 1 ? '1 agent fits.' : `${n.toLocaleString()} agents fit.`),
  consideredThen: (n: number) => (n === 1 ? '1 agent fitted.' : `${n.toLocaleString()} agents fitted.`),
  excluded: 'What excludes the others',
  excludedThen: 'What excluded the others',
  agents: 'Agents',
  cause: 'Cause',
  causes: {
    notready: 'Not ready',
    group: 'Not in its group',
    skill: 'Without a required skill',
    cooldown: 'In cool-down for it',
    room: 'Without room',
    other: 'It is for another agent alone',
  } as Record<string, string>,
  nobodyExcluded: 'Nobody is excluded.',
  nearest: 'Who is nearest',
  agent: 'Agent',
  missing: 'What is missing',
  until: 'Until',
  changes: 'What time will change',
  noChanges: 'Time alone changes nothing.',
  would: 'What would change it',
  last: 'Why it went to its agent',
  chosen: (agent: string) => `${agent} was chosen.`,
  level: 'Skill levels',
  preferences: 'Preferences held',
  idle: 'Idle since',
  standing: 'Standing',
  won: 'chosen',
  lost: {
    prefers: 'lost: fewer preferences',
    level: 'lost: lower levels',
    idlesince: 'lost: idle for less long',
    username: 'lost: equal, later in the alphabet',
  } as Record<string, string>,
  unserveable: 'No agent of the account could ever take it as things are.',
  testPlan: (plan: string) => `It runs the test plan ${plan}, because its clid is one of the test callers.`,

  facts: {
    title: 'What it is',
    route: 'Route',
    provider: 'Provider',
    externalid: 'External id',
    clid: 'CLID',
    mediatype: 'Media type',
    interactiontype: 'Type',
    queue: 'Plan and applet',
    created: 'Dispatched',
    ended: 'Ended',
    outcome: 'Outcome',
    detail: 'Detail',
    agent: 'Agent',
    disposition: 'Disposition',
    notes: 'Notes',
    flagged: 'Flagged',
    skills: 'Skills',
  },

  /** What an event says, as people say it. */
  happened: (type: string, agent: string, data: Data): string => {
    const say = sentences[type]
    return say ? say(agent, data) : type
  },
}

const sentences: Record<string, (agent: string, data: Data) => string> = {
  'interaction.dispatched': (_, data) => `Dispatched to route ${word(data, 'route')}`,
  'interaction.stepped': (_, data) =>
    `Applet ${word(data, 'applet')} (${word(data, 'type')})${word(data, 'exit') ? `, exit ${word(data, 'exit')}` : ''}${word(data, 'fault') ? `: ${word(data, 'fault')}` : ''}`,
  'interaction.queued': (_, data) => `Entered queue ${word(data, 'plan')}/${word(data, 'applet')}`,
  'interaction.left': (_, data) => `Left its queue by exit ${word(data, 'exit')}`,
  'interaction.offered': (agent) => `Offered to ${agent}`,
  'interaction.returned': (agent, data) => `Back from ${agent}: ${because(word(data, 'why'))}`,
  'interaction.connected': (agent, data) => (word(data, 'how') === 'auto' ? `Connected to ${agent} at once` : `${agent} took it`),
  'interaction.held': (agent) => `${agent} put it on hold`,
  'interaction.parked': (agent) => `${agent} parked it`,
  'interaction.retrieved': (agent) => `${agent} took it up again`,
  'interaction.transferred': (agent, data) =>
    word(data, 'why') === 'assigned'
      ? `Assigned to ${word(data, 'toagent')}`
      : `${agent} transferred it to ${word(data, 'toagent') ? `agent ${word(data, 'toagent')}` : `route ${word(data, 'toroute')}`}`,
  'interaction.transferlapsed': (_, data) => `It waits for one agent alone no more: ${word(data, 'why')}`,
  'interaction.requeued': (_, data) => `Requeued: ${because(word(data, 'why'))}`,
  'interaction.released': (agent, data) => `Released by ${word(data, 'by') === 'agent' ? agent : `the ${word(data, 'by')}`}`,
  'interaction.wrapextended': (agent) => `${agent} took longer to wrap up`,
  'interaction.completed': (agent, data) => (data.expired ? 'Wrap-up ran out' : `${agent || 'Somebody'} completed wrap-up`),
  'interaction.ended': (_, data) => `Ended: ${word(data, 'outcome')}${word(data, 'detail') ? ` (${word(data, 'detail')})` : ''}`,
  'interaction.afterended': (_, data) => `The plan after its end is through: ${word(data, 'outcome')}`,
  'interaction.prioritised': (_, data) => `Band changed to ${bandNames[data.band as number] ?? String(data.band)}`,
  'interaction.personalended': (_, data) => `Its personal queue is over: ${word(data, 'why')}`,
  'interaction.erased': () => 'Its personal data was erased',
  'effect.requested': (_, data) => {
    const effect = (data.effect ?? {}) as Data
    return word(effect, 'kind') === 'callback'
      ? `Callback ${word(effect, 'notification')} to ${word(effect, 'provider')} asked for`
      : `${word(effect, 'kind')} asked for`
  },
  'effect.due': (_, data) => `Attempt ${String(data.attempt)} is due`,
  'effect.attempted': (_, data) => `Attempt ${String(data.attempt)} failed${word(data, 'detail') ? `: ${word(data, 'detail')}` : ''}`,
  'effect.finished': (_, data) => (data.ok ? 'It was delivered' : `It was given up${word(data, 'detail') ? `: ${word(data, 'detail')}` : ''}`),
  'effect.reported': (_, data) => `Its vendor reports ${word(data, 'status')}`,
}
