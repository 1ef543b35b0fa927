export const text = {
  title: 'ContactPad',
}
