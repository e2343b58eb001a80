import ProtoWire
import UserAPI

extension User {
  /// The message for a stored user.
  init(_ record: UserRecord) {
    self.init()
    id = record.id.description
    email = record.email
    name = record.name
    labels = record.labels
    state = record.isDeleted ? .deleted : .active
    createTime = Google_Protobuf_Timestamp(microseconds: record.createTime)
    updateTime = Google_Protobuf_Timestamp(microseconds: record.updateTime)
    if let time = record.deleteTime { deleteTime = Google_Protobuf_Timestamp(microseconds: time) }
    if let time = record.purgeTime { purgeTime = Google_Protobuf_Timestamp(microseconds: time) }
    etag = Etag.make(record.id, version: record.version)
  }
}

extension Google_Protobuf_Timestamp {
  /// Nanoseconds are never negative, even before 1970: the division rounds down.
  init(microseconds: Int64) {
    self.init()
    let (quotient, remainder) = microseconds.quotientAndRemainder(dividingBy: 1_000_000)
    seconds = remainder < 0 ? quotient - 1 : quotient
    nanos = Int32(remainder < 0 ? remainder + 1_000_000 : remainder) * 1000
  }
}
