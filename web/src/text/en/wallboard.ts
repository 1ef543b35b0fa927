export const text = {
  title: 'Wallboard',
  queue: 'Queue',
  waiting: 'Waiting',
}
