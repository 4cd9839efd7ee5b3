/** The tables as Sequelize knows them, and every statement it sends. */
import {
  DataTypes,
  Model,
  Sequelize,
  type BelongsToGetAssociationMixin,
  type HasManyGetAssociationsMixin,
  type InferAttributes,
  type NonAttribute,
} from 'sequelize'

export class Product extends Model<InferAttributes<Product>> {
  declare readonly id: number
  declare readonly name: string
  declare readonly description: string
}

export class OrderLine extends Model<InferAttributes<OrderLine>> {
  declare readonly id: number
  declare readonly orderId: number
  declare readonly productId: number
  declare readonly quantity: number
  declare readonly product?: NonAttribute<Product>
  declare readonly getProduct: BelongsToGetAssociationMixin<Product>
}

export class Order extends Model<InferAttributes<Order>> {
  declare readonly id: number
  declare readonly customerId: number
  declare readonly createdAt: Date
  declare readonly lines?: NonAttribute<OrderLine[]>
  declare readonly getLines: HasManyGetAssociationsMixin<OrderLine>
}

const maxConnections = 8
// Made anew for each column: Sequelize writes the name of the column into them.
const id = () => ({ type: DataTypes.INTEGER, primaryKey: true })
const integer = () => ({ type: DataTypes.INTEGER, allowNull: false })
const text = () => ({ type: DataTypes.TEXT, allowNull: false })

/** One at a time: the classes belong to the connection that was made last. */
export function connect(databaseUrl: string, onStatement: (sql: string) => void): Sequelize {
  const sequelize = new Sequelize(databaseUrl, {
    pool: { max: maxConnections },
    // With the name of the connection before it.
    logging: logged => onStatement(logged.replace(/^Executing \([^)]*\): /, '')),
  })
  const common = { sequelize, timestamps: false, underscored: true }
  Product.init({ id: id(), name: text(), description: text() }, { ...common, tableName: 'products' })
  OrderLine.init(
    { id: id(), orderId: integer(), productId: integer(), quantity: integer() },
    { ...common, tableName: 'order_lines' },
  )
  Order.init({ id: id(), customerId: integer(), createdAt: DataTypes.DATE }, { ...common, tableName: 'orders' })
  Order.hasMany(OrderLine, { as: 'lines', foreignKey: 'orderId' })
  OrderLine.belongsTo(Product, { as: 'product', foreignKey: 'productId' })
  return sequelize
}
