import { Table } from '@mantine/core'
import type { ReactNode } from 'react'

/** A column of a table of figures. */
export interface Column<Row> {
  head: string
  cell: (row: Row) => ReactNode
  /** Words stand to the left; figures, which is the rule, to the right. */
  words?: boolean
}

/** A table of figures. The first column heads its rows. */
export function Figures<Row>({ caption, columns, rows, rowKey }: {
  caption: string
  columns: Column<Row>[]
  rows: Row[]
  rowKey: (row: Row) => string
}) {
  const side = (column: Column<Row>) => (column.words ? undefined : 'report-number')
  return (
    <Table.ScrollContainer minWidth={0} scrollAreaProps={{ viewportProps: { tabIndex: 0, role: 'region', 'aria-label': caption } }}>
      <Table className="report-figures" striped captionSide="top">
        <Table.Caption>{caption}</Table.Caption>
        <Table.Thead>
          <Table.Tr>
            {columns.map((column) => (
              <Table.Th key={column.head} scope="col" className={side(column)}>{column.head}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Table.Tr key={rowKey(row)}>
              {columns.map((column, n) => n === 0 ? (
                <Table.Th key={column.head} scope="row" className={side(column)}>{column.cell(row)}</Table.Th>
              ) : (
                <Table.Td key={column.head} className={side(column)}>{column.cell(row)}</Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}
