import ProtoWire
import RPCCore

/// Answers with what it was asked.
struct LibraryService: LibraryProvider {
  func getBook(_ request: GetBookRequest, context: ServerContext) async throws -> Book {
    if request.isbn == "none" {
      throw RPCError(
        .notFound, "there is no book \"none\"",
        details: [
          .errorInfo(reason: "BOOK_NOT_FOUND", domain: "library", metadata: ["isbn": "none"]),
          ErrorDetail(Page.with { $0.text = "own" }),
        ])
    }
    if request.isbn == "busy" {
      throw RPCError(.unavailable, "busy", details: [.retryInfo(delay: .milliseconds(1500))])
    }
    if request.isbn == "secret" { throw RPCError(.unauthenticated, "who are you?") }
    if request.isbn == "expired" {
      throw RPCError(.unauthenticated, "again", metadata: ["www-authenticate": #"Bearer error="invalid_token""#])
    }
    if request.isbn == "long" { return .with { $0.title = String(repeating: "long ", count: 1000) } }
    if request.isbn == "slow" { try await Task.sleep(for: .seconds(600)) }
    return .with {
      $0.name = request.name
      $0.title = request.isbn
      $0.etag = "v1"
      $0.pages = 1 << 60
    }
  }

  func findBooks(_ request: FindBooksRequest, context: ServerContext) async throws -> FindBooksResponse {
    .with { response in
      response.request = request
      response.books = request.tags.map { tag in .with { $0.title = tag } }
    }
  }

  func addBook(_ request: AddBookRequest, context: ServerContext) async throws -> Book {
    var book = request.book ?? Book()
    book.place = .shelf(request.shelf)
    if request.validateOnly { book.remark = "only valid" }
    return book
  }

  func changeBook(_ request: ChangeBookRequest, context: ServerContext) async throws -> ChangeBookRequest {
    if request.book?.etag == "old" { throw RPCError(.aborted, "somebody else was faster") }
    return request
  }

  func moveBook(_ request: MoveBookRequest, context: ServerContext) async throws -> MoveBookRequest { request }

  func setTags(_ request: SetTagsRequest, context: ServerContext) async throws -> SetTagsRequest { request }

  func readBook(_ request: ReadBookRequest, responses: ResponseWriter<Page>, context: ServerContext) async throws {
    let start = Int32(request.resumeToken) ?? 0
    for number in stride(from: start + 1, through: request.count, by: 1) {
      try await responses.write(
        .with {
          $0.text = "page \(number)\n"
          $0.resumeToken = "\(number)"
        })
    }
    if request.isbn == "torn" { throw RPCError(.dataLoss, "the rest is torn") }
    if request.isbn == "none" { throw RPCError(.notFound, "there is no such book") }
  }

  func writeBook(_ requests: RequestStream<Page>, context: ServerContext) async throws -> WriteBookResponse {
    var response = WriteBookResponse()
    for try await page in requests {
      response.count += 1
      response.text += page.isbn + page.text
    }
    return response
  }

  func copyBook(_ requests: RequestStream<Page>, responses: ResponseWriter<Page>, context: ServerContext) async throws {
    for try await page in requests { try await responses.write(page) }
  }

  func burn(_ request: Google_Protobuf_Empty, context: ServerContext) async throws -> Google_Protobuf_Empty { request }

  func hidden(_ request: GetBookRequest, context: ServerContext) async throws -> Book { Book() }
}
