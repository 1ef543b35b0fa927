export const text = {
  title: 'Reports',
  live: (count: number) => `${count} interactions have not ended.`,
}
