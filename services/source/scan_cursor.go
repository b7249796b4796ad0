package source

// sqlCursor walks over the tokens of a statement.
type sqlCursor struct {
	tokens []sqlToken
	pos    int
}

// peek returns the token that comes next; at the end one that is nothing.
func (c *sqlCursor) peek() sqlToken {
	if c.pos < len(c.tokens) {
		return c.tokens[c.pos]
	}
	return sqlToken{}
}

func (c *sqlCursor) done() bool { return c.pos >= len(c.tokens) }

// take goes past words if they come next, all of them.
func (c *sqlCursor) take(words ...string) bool {
	for i, word := range words {
		if c.pos+i >= len(c.tokens) || !c.tokens[c.pos+i].is(word) {
			return false
		}
	}
	c.pos += len(words)
	return true
}

// symbol goes past a character if it comes next.
func (c *sqlCursor) symbol(s string) bool {
	if !c.peek().symbol(s) {
		return false
	}
	c.pos++
	return true
}

// name goes past a name, quoted or not.
func (c *sqlCursor) name() (string, bool) {
	k := c.peek()
	if k.kind != pieceName && k.kind != pieceWord {
		return "", false
	}
	c.pos++
	return k.text, true
}

// word goes past a word or a number and returns it as it stands; empty when something
// else comes next.
func (c *sqlCursor) word() string {
	k := c.peek()
	if k.kind != pieceWord {
		return ""
	}
	c.pos++
	return k.text
}

// tableName goes past CREATE TABLE name ( and tells whether that is what comes.
func (c *sqlCursor) tableName() (string, bool) {
	if !c.take("CREATE", "TABLE") {
		return "", false
	}
	name, ok := c.name()
	return name, ok && c.symbol("(")
}
